/** Run the call machine: signalling through the gateway, microphone, media, and the picture of it all. */
import type { AnyCommand, AnyEvent, Id } from "../protocol";
import { MICROPHONE } from "../protocol";
import type { CallEffect, CallInput, CallState, CallTimer } from "./callMachine";
import { initialCall, stepCall } from "./callMachine";
import type { MicrophoneTrouble, MicrophoneWish } from "./devices";
import { makeMedia } from "./media";
import { makeMicrophone } from "./microphone";
import type { Offer } from "./peer";
import type { Heard } from "./playback";
import type { LocalStream, Publisher } from "./publisher";
import { makePublisher } from "./publisher";
import type { VoiceSample } from "./stats";
import { signalBars } from "./stats";
import type { ReceivedVideos } from "./videos";
import { NO_VIDEOS } from "./videos";

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
  /** What one shows oneself. */
  published: LocalStream[];
  /** What one receives. */
  videos: ReceivedVideos;
}

const IDLE: Omit<CallView, "muted" | "deafened"> = {
  call: initialCall,
  trouble: null,
  playbackBlocked: false,
  sample: null,
  history: [],
  published: [],
  videos: NO_VIDEOS,
};

export interface CallEnv {
  send: (command: AnyCommand) => boolean;
  onView: (view: CallView) => void;
  onSpeaking: (speaking: boolean) => void;
  onEnded: () => void;
  after: (ms: number, act: () => void) => () => void;
  backoffMs: (attempt: number) => number;
  newRef: () => string;
  me: () => Id | null;
  /** Whether one is heard here only while a key is pressed. */
  needsKey: () => boolean;
  /** The codec preferred for one's own video, as in `VP8`. */
  videoCodec: () => string;
  /** Something about video went wrong, in words for the person. */
  onVideoTrouble: (words: string) => void;
  wish: () => MicrophoneWish;
  gateDb: () => number | null;
  volumeOf: (heard: Heard) => number;
  isMuted: (heard: Heard) => boolean;
  outputId: () => string;
  RTCPeerConnection: typeof RTCPeerConnection;
}

export interface Call {
  join(channelId: Id): void;
  leave(): void;
  setMuted(muted: boolean): void;
  setDeafened(deafened: boolean): void;
  /** Say nothing for a moment, without a mute that others see: while it is uncertain who hears it. */
  setHushed(hushed: boolean): void;
  /** Every event of the gateway passes through here. */
  take(event: AnyEvent): void;
  gateway(news: "lost" | "resumed" | "ready"): void;
  /** The wished-for microphone changed. */
  reopenMicrophone(): void;
  /** Volumes, local mutes or the output device changed. */
  refreshPlayback(): void;
  unblockPlayback(): void;
  /** Camera and screens of one's own. */
  readonly publisher: Pick<Publisher, "share" | "showCamera" | "stop" | "setTier">;
  readonly view: CallView;
  /** The statistics of one stream: received, by its key, or sent, by its source. */
  videoReport(of: { key: string } | { source: string }): Promise<RTCStatsReport | null>;
  readonly connection: RTCPeerConnection | null;
  readonly streams: Record<string, MediaStream>;
}

export function makeCall(env: CallEnv, initial: { muted: boolean; deafened: boolean }): Call {
  const alarms = makeAlarms(env.after);
  let view: CallView = { ...IDLE, ...initial };
  let hushed = false;

  const media = makeMedia({
    ...env,
    onState: (sessionId, state) => input({ kind: "peer", sessionId, state }),
    onSample: measured,
    onBlocked: (playbackBlocked) => {
      if (view.playbackBlocked !== playbackBlocked) show({ playbackBlocked });
    },
    onVideos: (videos) => show({ videos }),
  });
  const publisher = makePublisher({
    ...env,
    attach: media.send,
    channelId: () => (view.call.phase === "connected" ? view.call.channelId : null),
    onChange: (published) => show({ published }),
  });
  const microphone = makeMicrophone({
    wish: env.wish,
    gateDb: env.gateDb,
    onTrack: (track) => media.send(MICROPHONE, track && { track }),
    onTrouble: (trouble) => show({ trouble }),
    onSpeaking: env.onSpeaking,
  });
  applyMute();
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
    if (before.phase !== "connected" && next.phase === "connected") connected();
    // What was shown to one room is not for another.
    else if (before.channelId !== null && before.channelId !== next.channelId) publisher.close();
  }

  function connected(): void {
    media.measure();
    publisher.connected();
  }

  function finish(): void {
    microphone.close();
    media.send(MICROPHONE, null);
    env.onSpeaking(false);
    env.onEnded();
  }

  function run(effect: CallEffect): void {
    switch (effect.do) {
      case "send_join": {
        const { muted, deafened } = view;
        media.setSlots([]);
        env.send({ type: "voice_join", channel_id: effect.channelId, ref: effect.ref, muted, deafened });
        media.prepare();
        break;
      }
      case "send_leave":
      case "send_restart":
        env.send({ type: COMMANDS[effect.do], channel_id: effect.channelId });
        break;
      case "open_peer":
        void answer(effect.channelId, effect.sessionId, effect.offer, true);
        break;
      case "grow_peer":
        void answer(effect.channelId, effect.sessionId, effect.offer, false);
        break;
      case "close_peer":
        media.close();
        break;
      case "timer": {
        const { ref } = view.call;
        alarms.set(effect.name, effect.ms, () => input({ kind: "timer", name: effect.name, ref }));
        break;
      }
      case "cancel":
        alarms.cancel(effect.name);
        break;
    }
  }

  /** The answer does not wait for the microphone, which goes in when it opens. */
  async function answer(channelId: Id, sessionId: Id, offer: Offer, isFirst: boolean): Promise<void> {
    try {
      const sdp = await (isFirst ? media.answer(sessionId, offer) : media.grow(sessionId, offer));
      if (sdp === null) return;
      env.send({ type: "voice_answer", channel_id: channelId, sdp, revision: offer.revision });
      if (isFirst) input({ kind: "answered", sessionId });
    } catch {
      if (isFirst) input({ kind: "answer_failed", sessionId });
      // Voice goes on whether or not video can be added to it.
      else env.onVideoTrouble("This browser could not take up the video.");
    }
  }

  function measured(sample: VoiceSample | null): void {
    if (sample !== null || view.sample !== null) show(withSample(view, sample));
    const report = sample && reportOf(view.call, sample);
    if (report) env.send(report);
  }

  function applyMute(): void {
    microphone.setMuted(view.muted || view.deafened || hushed);
  }

  function setSwitches(muted: boolean, deafened: boolean): void {
    const before = view;
    media.setDeafened(deafened);
    show({ muted, deafened });
    applyMute();
    if (view.call.channelId === null) return;
    if (before.deafened !== deafened) env.send({ type: deafened ? "voice_deafen" : "voice_undeafen" });
    // Where a key is required, its press unmutes; without one the server would refuse.
    if (before.muted !== muted && (muted || !env.needsKey())) env.send({ type: muted ? "voice_mute" : "voice_unmute" });
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
    setHushed(next) {
      hushed = next;
      applyMute();
    },
    take(event) {
      if (event.type === "voice_slots") media.setSlots(event.slots);
      publisher.take(event);
      const happened = inputOf(event);
      if (happened) input(happened);
    },
    gateway: (news) => input({ kind: "gateway", news }),
    reopenMicrophone() {
      if (view.call.channelId !== null) void microphone.open();
    },
    refreshPlayback: media.refresh,
    unblockPlayback: media.unblock,
    publisher,
    videoReport: (of) =>
      "source" in of ? media.sentReport(of.source) : media.receivedReport(view.videos.byKey[of.key]?.mid),
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

const COMMANDS = { send_leave: "voice_leave", send_restart: "voice_ice_restart" } as const;

/** The call machine's timers: one of each name at a time. */
function makeAlarms(after: CallEnv["after"]) {
  const running = new Map<CallTimer, () => void>();
  const cancel = (name: CallTimer): void => {
    running.get(name)?.();
    running.delete(name);
  };
  return {
    cancel,
    set(name: CallTimer, ms: number, act: () => void): void {
      cancel(name);
      running.set(name, after(ms, act));
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
        offer: { sdp: event.sdp, sends: event.sends, revision: event.revision },
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

function withSample(view: CallView, sample: VoiceSample | null): Pick<CallView, "sample" | "history"> {
  if (sample === null) return { sample, history: [] };
  const history = sample.rttMs === null ? view.history : [...view.history, sample.rttMs].slice(-HISTORY);
  return { sample, history };
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
