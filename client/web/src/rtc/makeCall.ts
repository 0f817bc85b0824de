/** Run the call machine: signalling through the gateway, microphone, media, and the picture of it all. */
import type { AnyCommand, AnyEvent, Id } from "../protocol";
import type { CallEffect, CallInput, CallState, CallTimer } from "./callMachine";
import { initialCall, stepCall } from "./callMachine";
import type { MicrophoneTrouble, MicrophoneWish } from "./devices";
import { makeMedia } from "./media";
import { makeMicrophone } from "./microphone";
import type { VoiceSample } from "./stats";
import { signalBars } from "./stats";

/** Round trips kept for the graph: a minute and a half. */
const HISTORY = 30;

export interface CallView {
  call: CallState;
  muted: boolean;
  deafened: boolean;
  trouble: MicrophoneTrouble | null;
  /** The browser plays nothing before a click. */
  playbackBlocked: boolean;
  sample: VoiceSample | null;
  history: number[];
}

export interface CallEnv {
  send: (command: AnyCommand) => boolean;
  onView: (view: CallView) => void;
  onSpeaking: (speaking: boolean) => void;
  onEnded: () => void;
  after: (ms: number, act: () => void) => () => void;
  backoffMs: (attempt: number) => number;
  newRef: () => string;
  wish: () => MicrophoneWish;
  gateDb: () => number | null;
  volumeOf: (userId: Id) => number;
  isMuted: (userId: Id) => boolean;
  outputId: () => string;
  RTCPeerConnection: typeof RTCPeerConnection;
}

export interface Call {
  join(channelId: Id): void;
  leave(): void;
  setMuted(muted: boolean): void;
  setDeafened(deafened: boolean): void;
  /** Every event of the gateway passes through here. */
  take(event: AnyEvent): void;
  gateway(news: "lost" | "resumed" | "ready"): void;
  /** The wished-for microphone changed. */
  reopenMicrophone(): void;
  /** Volumes, local mutes or the output device changed. */
  refreshPlayback(): void;
  unblockPlayback(): void;
  readonly view: CallView;
  readonly connection: RTCPeerConnection | null;
  readonly streams: Record<Id, MediaStream>;
}

export function makeCall(env: CallEnv, initial: { muted: boolean; deafened: boolean }): Call {
  const timers = new Map<CallTimer, () => void>();
  let view: CallView = {
    call: initialCall,
    ...initial,
    trouble: null,
    playbackBlocked: false,
    sample: null,
    history: [],
  };

  const media = makeMedia({
    ...env,
    onState: (sessionId, state) => input({ kind: "peer", sessionId, state }),
    onSample: measured,
    onBlocked: (playbackBlocked) => {
      if (view.playbackBlocked !== playbackBlocked) show({ playbackBlocked });
    },
  });
  const microphone = makeMicrophone({
    wish: env.wish,
    gateDb: env.gateDb,
    onTrack: media.setMicrophone,
    onTrouble: (trouble) => show({ trouble }),
    onSpeaking: env.onSpeaking,
  });
  microphone.setMuted(initial.muted || initial.deafened);
  media.setDeafened(initial.deafened);

  function show(change: Partial<CallView>): void {
    view = { ...view, ...change };
    env.onView(view);
  }

  function input(happened: CallInput): void {
    const before = view.call;
    const [next, effects] = stepCall(before, happened, env);
    if (next !== before) show({ call: next });
    effects.forEach(run);
    if (before.channelId !== null && next.channelId === null) finish();
    if (before.phase !== "connected" && next.phase === "connected") media.measure();
  }

  function finish(): void {
    microphone.close();
    env.onSpeaking(false);
    env.onEnded();
  }

  function run(effect: CallEffect): void {
    switch (effect.do) {
      case "send_join": {
        const { muted, deafened } = view;
        media.setSlots(new Map());
        env.send({ type: "voice_join", channel_id: effect.channelId, ref: effect.ref, muted, deafened });
        media.prepare();
        break;
      }
      case "send_leave":
        env.send({ type: "voice_leave", channel_id: effect.channelId });
        break;
      case "open_peer":
        void answer(effect.channelId, effect.sessionId, effect.sdp);
        break;
      case "close_peer":
        media.close();
        break;
      case "timer": {
        const { ref } = view.call;
        timers.get(effect.name)?.();
        timers.set(
          effect.name,
          env.after(effect.ms, () => input({ kind: "timer", name: effect.name, ref })),
        );
        break;
      }
      case "cancel":
        timers.get(effect.name)?.();
        timers.delete(effect.name);
        break;
    }
  }

  async function answer(channelId: Id, sessionId: Id, offer: string): Promise<void> {
    try {
      const sdp = await media.answer(sessionId, offer, microphone.track);
      if (sdp === null) return;
      env.send({ type: "voice_answer", channel_id: channelId, sdp });
      // The answer does not wait for the microphone, which may have opened meanwhile, or will.
      media.setMicrophone(microphone.track);
      input({ kind: "answered", sessionId });
    } catch {
      input({ kind: "answer_failed", sessionId });
    }
  }

  function measured(sample: VoiceSample | null): void {
    if (sample === null) {
      if (view.sample !== null) show({ sample, history: [] });
      return;
    }
    const history = sample.rttMs === null ? view.history : [...view.history, sample.rttMs].slice(-HISTORY);
    show({ sample, history });
    const report = reportOf(view.call, sample);
    if (report) env.send(report);
  }

  function setSwitches(muted: boolean, deafened: boolean): void {
    const before = view;
    microphone.setMuted(muted || deafened);
    media.setDeafened(deafened);
    show({ muted, deafened });
    if (view.call.channelId === null) return;
    if (before.deafened !== deafened) env.send({ type: deafened ? "voice_deafen" : "voice_undeafen" });
    if (before.muted !== muted) env.send({ type: muted ? "voice_mute" : "voice_unmute" });
    if (muted || deafened) env.onSpeaking(false);
  }

  return {
    join(channelId) {
      if (view.call.channelId === null) void microphone.open();
      input({ kind: "join", channelId, ref: env.newRef() });
    },
    leave: () => input({ kind: "leave" }),
    // Unmuting says that one wants to be heard, so it ends being deaf as well.
    setMuted: (muted) => setSwitches(muted, muted && view.deafened),
    setDeafened: (deafened) => setSwitches(view.muted, deafened),
    take(event) {
      if (event.type === "voice_slots")
        media.setSlots(
          new Map(event.slots.flatMap((slot) => (slot.user_id === null ? [] : [[slot.mid, slot.user_id]]))),
        );
      const happened = inputOf(event);
      if (happened) input(happened);
    },
    gateway: (news) => input({ kind: "gateway", news }),
    reopenMicrophone() {
      if (view.call.channelId !== null) void microphone.open();
    },
    refreshPlayback: media.refresh,
    unblockPlayback: media.unblock,
    get view() {
      return view;
    },
    get connection() {
      return media.connection;
    },
    get streams() {
      return media.streams;
    },
  };
}

/** What an event means to the call, if anything. */
function inputOf(event: AnyEvent): CallInput | null {
  switch (event.type) {
    case "voice_offer":
      return {
        kind: "offer",
        channelId: event.channel_id,
        sessionId: event.session_id,
        sdp: event.sdp,
        ref: event.ref ?? null,
      };
    case "voice_disconnected":
      return { kind: "disconnected", sessionId: event.session_id, reason: event.reason };
    case "error":
      return event.in_reply_to === "voice_join"
        ? { kind: "refused", ref: event.ref ?? null, code: event.code, message: event.message }
        : null;
    default:
      return null;
  }
}

/** What the server is told of a measurement; nothing before the round trip is known. */
function reportOf(call: CallState, sample: VoiceSample): AnyCommand | null {
  if (call.channelId === null || call.sessionId === null || sample.rttMs === null) return null;
  return {
    type: "voice_stats",
    channel_id: call.channelId,
    session_id: call.sessionId,
    latency: Math.min(10_000, sample.rttMs),
    packet_loss: Math.min(100, sample.lossPercent),
    jitter: Math.min(5_000, sample.jitterMs ?? 0),
    quality: Math.min(3, signalBars(sample)),
    timestamp: Date.now(),
  };
}
