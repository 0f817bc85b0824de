/** The media of one voice session: peer connection, what is heard, and regular measurements. */
import type { Id } from "../protocol";
import type { Peer } from "./peer";
import { makePeer } from "./peer";
import type { Playback, PlaybackEnv } from "./playback";
import { makePlayback } from "./playback";
import type { VoiceSample, VoiceTotals } from "./stats";
import { readVoiceStats } from "./stats";

const STATS_MS = 3_000;
/** The first measurement comes sooner, so that the panel does not stand empty. */
const FIRST_STATS_MS = 500;

export interface MediaEnv extends Omit<PlaybackEnv, "onBlocked"> {
  after: (ms: number, act: () => void) => () => void;
  RTCPeerConnection: typeof RTCPeerConnection;
  onState: (sessionId: Id, state: RTCPeerConnectionState) => void;
  onSample: (sample: VoiceSample | null) => void;
  onBlocked: (blocked: boolean) => void;
}

export interface Media {
  /** Make the connection while the offer is still on its way. */
  prepare(): void;
  /** Answer an offer. A microphone that opens later is put in by `setMicrophone`. Null when closed meanwhile. */
  answer(sessionId: Id, sdp: string, microphone: MediaStreamTrack | null): Promise<string | null>;
  close(): void;
  setMicrophone(track: MediaStreamTrack | null): void;
  setSlots(slots: ReadonlyMap<string, Id>): void;
  setDeafened(deafened: boolean): void;
  refresh(): void;
  unblock(): void;
  measure(): void;
  readonly connection: RTCPeerConnection | null;
  readonly streams: Record<Id, MediaStream>;
}

export function makeMedia(env: MediaEnv): Media {
  let peer: Peer | null = null;
  let prepared: { peer: Peer; playback: Playback } | null = null;
  let currentSession: Id | null = null;
  let playback: Playback | null = null;
  let slots: ReadonlyMap<string, Id> = new Map();
  let deafened = false;
  let stopMeasuring: (() => void) | null = null;
  let totals: VoiceTotals | null = null;

  function close(): void {
    stopMeasuring?.();
    stopMeasuring = totals = currentSession = null;
    playback?.close();
    peer?.close();
    peer = playback = null;
    env.onSample(null);
    env.onBlocked(false);
  }

  function make(): { peer: Peer; playback: Playback } {
    const hearing = makePlayback(env);
    const made = makePeer({
      RTCPeerConnection: env.RTCPeerConnection,
      onState: (state) => {
        if (peer === made && currentSession !== null) env.onState(currentSession, state);
      },
      onTrack: (mid, track) => hearing.addTrack(mid, track),
    });
    return { peer: made, playback: hearing };
  }

  function open(sessionId: Id): Peer {
    close();
    const taken = prepared ?? make();
    prepared = null;
    ({ peer, playback } = taken);
    currentSession = sessionId;
    taken.playback.setDeafened(deafened);
    taken.playback.setSlots(slots);
    return taken.peer;
  }

  async function sampleOnce(): Promise<void> {
    const asked = peer;
    if (!asked) return;
    const report = await asked.connection.getStats();
    if (peer !== asked) return;
    const read = readVoiceStats(report, totals, performance.now());
    totals = read.totals;
    env.onSample(read.sample);
  }

  return {
    prepare() {
      prepared ??= make();
    },

    async answer(sessionId, sdp, microphone) {
      const opened = open(sessionId);
      const answerSdp = await opened.answer(sdp, microphone);
      return peer === opened ? answerSdp : null;
    },

    close,

    setMicrophone(track) {
      // A connection closed meanwhile refuses the track, and that is all right.
      void peer?.setMicrophone(track).catch(() => undefined);
    },

    setSlots(next) {
      slots = next;
      playback?.setSlots(next);
    },

    setDeafened(next) {
      deafened = next;
      playback?.setDeafened(next);
    },

    refresh: () => playback?.refresh(),
    unblock: () => playback?.unblock(),

    measure() {
      stopMeasuring?.();
      const tick = (): void => {
        stopMeasuring = env.after(STATS_MS, tick);
        void sampleOnce();
      };
      stopMeasuring = env.after(FIRST_STATS_MS, tick);
    },

    get connection() {
      return peer?.connection ?? null;
    },
    get streams() {
      return playback?.streams ?? {};
    },
  };
}
