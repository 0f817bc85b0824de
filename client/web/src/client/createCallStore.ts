/** The call as a Solid store: its picture follows `makeCall`, its wishes come from the preferences. */
import type { Store } from "solid-js/store";
import { createEffect, on } from "solid-js";
import { createStore } from "solid-js/store";
import { backoffMs } from "../net/backoff";
import { randomId } from "../net/randomId";
import type { Timers } from "../net/timers";
import type { AnyCommand } from "../protocol";
import { shareOf } from "../protocol";
import type { Heard } from "../rtc/playback";
import type { Call, CallView } from "../rtc/makeCall";
import { makeCall } from "../rtc/makeCall";
import { isDucked, isPrioritySpeaking } from "../state/selectors";
import type { AppStore } from "../state/store";
import type { Preferences, SetPreferences } from "./preferences";

/** What is left of the others' volume while a priority speaker speaks: about 12 dB less. */
const DUCKED = 0.25;

export interface CallStore {
  readonly view: Store<CallView>;
  readonly call: Call;
}

export interface CallStoreEnv {
  store: AppStore;
  preferences: Store<Preferences>;
  setPreferences: SetPreferences;
  timers: Timers;
  send: (command: AnyCommand) => boolean;
  /** Whether the sound of somebody's screen is to be heard. */
  isShareHeard: (heard: Heard) => boolean;
  onVideoTrouble: (words: string) => void;
}

export function createCallStore(env: CallStoreEnv): CallStore {
  const { store, preferences } = env;
  const call = makeCall(
    {
      send: env.send,
      after: env.timers.after,
      backoffMs,
      newRef: randomId,
      RTCPeerConnection: globalThis.RTCPeerConnection,
      wish: () => ({
        deviceId: preferences.inputId,
        echoCancellation: preferences.echoCancellation,
        noiseSuppression: preferences.noiseSuppression,
        autoGainControl: preferences.autoGainControl,
      }),
      gateDb: () => preferences.gateDb,
      me: () => store.state.me?.id ?? null,
      needsKey: () => store.state.pushToTalk !== null,
      videoCodec: () => preferences.videoCodec,
      onVideoTrouble: env.onVideoTrouble,
      volumeOf({ userId, source }) {
        const volumes = shareOf(source) === null ? preferences.volumes : preferences.streamVolumes;
        return (volumes[userId] ?? 1) * (isDucked(store.state, userId) ? DUCKED : 1);
      },
      isMuted: (heard) =>
        shareOf(heard.source) === null ? (preferences.mutedUsers[heard.userId] ?? false) : !env.isShareHeard(heard),
      outputId: () => preferences.outputId,
      onView: (next) => {
        setView(next);
        if (next.muted !== preferences.muted || next.deafened !== preferences.deafened) {
          env.setPreferences({ muted: next.muted, deafened: next.deafened });
          store.dispatch({ type: "local_own_voice", muted: next.muted, deafened: next.deafened });
        }
      },
      onSpeaking: (speaking) => {
        const me = store.state.me?.id;
        if (me) store.dispatch({ type: "local_speaking", user_id: me, speaking });
      },
      onEnded: () => store.dispatch({ type: "local_call_ended" }),
    },
    { muted: preferences.muted, deafened: preferences.deafened },
  );
  const [view, setView] = createStore<CallView>(call.view);
  createEffect(on(() => isPrioritySpeaking(store.state), call.refreshPlayback, { defer: true }));
  return { view, call };
}
