/**
 * Whispering: for whom one speaks while a button or key is held.
 *
 * From the press until the server says who hears one, and again from the release, the microphone is hushed:
 * nothing meant for some is heard by all.
 */
import type { Accessor } from "solid-js";
import { createEffect, createSignal, on } from "solid-js";
import type { Store } from "solid-js/store";
import type { Timers } from "../net/timers";
import type { AnyCommand, Id } from "../protocol";
import type { Call } from "../rtc/makeCall";
import type { AppState } from "../state/model";

export interface Whisper {
  /** Whom the key is for. */
  readonly targets: Accessor<Id[]>;
  toggleTarget(userId: Id): void;
  clear(): void;
  readonly isHeld: Accessor<boolean>;
  press(): void;
  release(): void;
}

export interface WhisperEnv {
  state: Store<AppState>;
  call: Call;
  timers: Timers;
  send: (command: AnyCommand) => boolean;
}

/** How long after the release one waits for the room to hear one again, when the server does not say so. */
const HUSH_MS = 2_000;

export function createWhisper({ state, call, timers, send }: WhisperEnv): Whisper {
  const [targets, setTargets] = createSignal<Id[]>([]);
  const [isHeld, setHeld] = createSignal(false);
  let cancel: (() => void) | null = null;

  /** While held, one is heard as soon as it is settled by whom, and never before. */
  function settle(): void {
    cancel?.();
    cancel = null;
    call.setHushed(isHeld() && state.whisperTo === null);
  }

  function release(): void {
    if (!isHeld()) return;
    setHeld(false);
    call.setHushed(true);
    cancel = timers.after(HUSH_MS, settle);
    if (state.pushToTalk) send({ type: "voice_mute", push_to_talk: true });
    send({ type: "voice_whisper_stop" });
  }

  createEffect(on(() => state.whisperTo, settle, { defer: true }));

  return {
    targets,
    toggleTarget: (userId) =>
      setTargets((all) => (all.includes(userId) ? all.filter((each) => each !== userId) : [...all, userId])),
    clear() {
      release();
      setTargets([]);
    },
    isHeld,
    press() {
      if (isHeld() || targets().length === 0 || call.view.call.channelId === null) return;
      setHeld(true);
      settle();
      send({ type: "voice_whisper", user_ids: targets() });
      if (state.pushToTalk) send({ type: "voice_unmute", push_to_talk: true });
    },
    release,
  };
}
