/** The media of one voice session: peer connection, what is heard and seen, and regular measurements. */
import type { Id, Slot } from "../protocol";
import type { Offer, Outgoing, Peer } from "./peer";
import { makePeer } from "./peer";
import type { Playback, PlaybackEnv } from "./playback";
import { makePlayback } from "./playback";
import type { VoiceSample, VoiceTotals } from "./stats";
import { readVoiceStats } from "./stats";
import type { ReceivedVideos, Videos } from "./videos";
import { makeVideos } from "./videos";

const STATS_MS = 3_000;
/** The first measurement comes sooner, so that the panel does not stand empty. */
const FIRST_STATS_MS = 500;

export interface MediaEnv extends Omit<PlaybackEnv, "onBlocked"> {
  after: (ms: number, act: () => void) => () => void;
  RTCPeerConnection: typeof RTCPeerConnection;
  onState: (sessionId: Id, state: RTCPeerConnectionState) => void;
  onSample: (sample: VoiceSample | null) => void;
  onBlocked: (blocked: boolean) => void;
  onVideos: (videos: ReceivedVideos) => void;
}

export interface Media {
  /** Make the connection while the offer is still on its way. */
  prepare(): void;
  /**
   * Answer a session's first offer. What is not captured yet is put in by `send` later. Null when closed meanwhile.
   */
  answer(sessionId: Id, offer: Offer): Promise<string | null>;
  /** Answer a later offer of the same session. Null when it has ended. */
  grow(sessionId: Id, offer: Offer): Promise<string | null>;
  close(): void;
  send(source: string, outgoing: Outgoing | null): void;
  setSlots(slots: readonly Slot[]): void;
  setDeafened(deafened: boolean): void;
  refresh(): void;
  unblock(): void;
  measure(): void;
  sentReport(source: string): Promise<RTCStatsReport | null>;
  receivedReport(mid: string | undefined): Promise<RTCStatsReport | null>;
  readonly connection: RTCPeerConnection | null;
  readonly streams: Record<string, MediaStream>;
}

/** One connection, and what is made of its tracks. */
interface Line {
  peer: Peer;
  playback: Playback;
  videos: Videos;
}

export function makeMedia(env: MediaEnv): Media {
  let line: Line | null = null;
  let prepared: Line | null = null;
  let currentSession: Id | null = null;
  const outgoing = new Map<string, Outgoing>();
  let slots: readonly Slot[] = [];
  let deafened = false;
  let stopMeasuring: (() => void) | null = null;
  let totals: VoiceTotals | null = null;

  function close(): void {
    stopMeasuring?.();
    stopMeasuring = totals = currentSession = null;
    line?.playback.close();
    line?.videos.close();
    line?.peer.close();
    line = null;
    env.onSample(null);
    env.onBlocked(false);
  }

  function make(): Line {
    const playback = makePlayback(env);
    const videos = makeVideos(env.onVideos);
    const peer = makePeer({
      RTCPeerConnection: env.RTCPeerConnection,
      onState: (state) => {
        if (line?.peer === peer && currentSession !== null) env.onState(currentSession, state);
      },
      onTrack: (mid, track) => (track.kind === "video" ? videos : playback).addTrack(mid, track),
    });
    return { peer, playback, videos };
  }

  function open(sessionId: Id): Line {
    close();
    line = prepared ?? make();
    prepared = null;
    currentSession = sessionId;
    line.playback.setDeafened(deafened);
    line.playback.setSlots(slots);
    line.videos.setSlots(slots);
    for (const [source, each] of outgoing) void line.peer.send(source, each);
    return line;
  }

  async function sampleOnce(): Promise<void> {
    const asked = line;
    if (!asked) return;
    const report = await asked.peer.connection.getStats();
    if (line !== asked) return;
    const read = readVoiceStats(report, totals, performance.now());
    totals = read.totals;
    env.onSample(read.sample);
  }

  return {
    prepare() {
      prepared ??= make();
    },

    async answer(sessionId, offer) {
      const opened = open(sessionId);
      const answerSdp = await opened.peer.answer(offer);
      return line === opened ? answerSdp : null;
    },

    async grow(sessionId, offer) {
      const grown = line;
      if (!grown || currentSession !== sessionId) return null;
      const answerSdp = await grown.peer.answer(offer);
      return line === grown ? answerSdp : null;
    },

    close,

    send(source, wanted) {
      if (wanted) outgoing.set(source, wanted);
      else outgoing.delete(source);
      // A connection closed meanwhile refuses the track, and that is all right.
      void line?.peer.send(source, wanted).catch(() => undefined);
    },

    setSlots(next) {
      slots = next;
      line?.playback.setSlots(next);
      line?.videos.setSlots(next);
    },

    setDeafened(next) {
      deafened = next;
      line?.playback.setDeafened(next);
    },

    refresh: () => line?.playback.refresh(),
    unblock: () => line?.playback.unblock(),

    measure() {
      stopMeasuring?.();
      const tick = (): void => {
        stopMeasuring = env.after(STATS_MS, tick);
        void sampleOnce();
      };
      stopMeasuring = env.after(FIRST_STATS_MS, tick);
    },

    sentReport: async (source) => (await line?.peer.senderOf(source)?.getStats()) ?? null,

    async receivedReport(mid) {
      const transceiver = line?.peer.connection.getTransceivers().find((each) => each.mid === mid);
      return (await transceiver?.receiver.getStats()) ?? null;
    },

    get connection() {
      return line?.peer.connection ?? null;
    },
    get streams() {
      return line?.playback.streams ?? {};
    },
  };
}
