/** Turn getStats reports into the few numbers people understand. Pure, but for `getStats` itself. */

export interface VoiceSample {
  /** All in ms; null until known. */
  rttMs: number | null;
  jitterMs: number | null;
  jitterBufferMs: number | null;
  /** Percent of packets lost since the last sample, in the worse direction. */
  lossPercent: number;
  lossInPercent: number;
  lossOutPercent: number;
  codec: string | null;
  sendKbps: number | null;
  receiveKbps: number | null;
  /** Address and protocol of the server's side. */
  endpoint: string | null;
  /** The browser connected over TCP, which it does only where UDP does not get through. */
  isOverTcp: boolean;
  encryption: string | null;
}

/** Running totals; the next sample is a difference to them. */
export interface VoiceTotals {
  atMs: number;
  received: number;
  lostIn: number;
  bufferDelayS: number;
  bufferEmitted: number;
  bytesIn: number;
  bytesOut: number;
}

type Stat = Record<string, unknown> & { id: string; type: string };

const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const sum = (stats: Stat[], field: string): number => stats.reduce((total, stat) => total + number(stat[field]), 0);
const most = (stats: Stat[], field: string): number | null =>
  stats.length ? Math.max(...stats.map((stat) => number(stat[field]))) : null;

/** Read a report: the sample since `before`, and the totals for the next one. */
export function readVoiceStats(
  report: ReadonlyMap<string, unknown> | RTCStatsReport,
  before: VoiceTotals | null,
  nowMs: number,
): { sample: VoiceSample; totals: VoiceTotals } {
  const all: Stat[] = [];
  report.forEach((stat: unknown) => all.push(stat as Stat));
  const audio = (type: string): Stat[] => all.filter((stat) => stat.type === type && stat["kind"] === "audio");
  const inbound = audio("inbound-rtp");
  const outbound = audio("outbound-rtp");
  const answers = audio("remote-inbound-rtp");
  const totals = totalsOf(inbound, outbound, nowMs);
  const pair = selectedPair(all);
  const remote = all.find((stat) => stat.id === pair?.["remoteCandidateId"]);
  return {
    totals,
    sample: {
      ...deltas(before, totals),
      ...rates(before, totals, answers),
      rttMs:
        toMs(text(pair?.["id"]) === null ? null : pair?.["currentRoundTripTime"]) ??
        toMs(most(answers, "roundTripTime")),
      jitterMs: toMs(
        most(
          inbound.filter((stat) => number(stat["packetsReceived"]) > 0),
          "jitter",
        ),
      ),
      codec: codecOf(all, outbound[0] ?? inbound[0]),
      endpoint: endpointOf(remote),
      isOverTcp: text(remote?.["protocol"]) === "tcp",
      encryption: cipherOf(text(all.find((stat) => stat.type === "transport")?.["srtpCipher"])),
    },
  };
}

/** `SRTP_AEAD_AES_128_GCM`, as browsers say, in the usual spelling. */
function cipherOf(name: string | null): string | null {
  return name?.replace(/^(SRTP_)?(AEAD_)?/, "").replaceAll("_", "-") ?? null;
}

function totalsOf(inbound: Stat[], outbound: Stat[], nowMs: number): VoiceTotals {
  return {
    atMs: nowMs,
    received: sum(inbound, "packetsReceived"),
    lostIn: sum(inbound, "packetsLost"),
    bufferDelayS: sum(inbound, "jitterBufferDelay"),
    bufferEmitted: sum(inbound, "jitterBufferEmittedCount"),
    bytesIn: sum(inbound, "bytesReceived"),
    bytesOut: sum(outbound, "bytesSent"),
  };
}

function deltas(before: VoiceTotals | null, now: VoiceTotals): Pick<VoiceSample, "jitterBufferMs"> {
  const emitted = now.bufferEmitted - (before?.bufferEmitted ?? 0);
  if (emitted <= 0) return { jitterBufferMs: null };
  return { jitterBufferMs: Math.round(((now.bufferDelayS - (before?.bufferDelayS ?? 0)) / emitted) * 1000) };
}

type Rates = Pick<VoiceSample, "lossPercent" | "lossInPercent" | "lossOutPercent" | "sendKbps" | "receiveKbps">;

function rates(before: VoiceTotals | null, now: VoiceTotals, answers: Stat[]): Rates {
  const received = now.received - (before?.received ?? 0);
  const lost = Math.max(0, now.lostIn - (before?.lostIn ?? 0));
  const lossInPercent = received + lost > 0 ? (100 * lost) / (received + lost) : 0;
  const lossOutPercent = 100 * (most(answers, "fractionLost") ?? 0);
  const elapsedMs = before ? now.atMs - before.atMs : 0;
  const kbps = (bytes: number): number | null =>
    elapsedMs > 0 ? Math.round((8 * Math.max(0, bytes)) / elapsedMs) : null;
  return {
    lossInPercent,
    lossOutPercent,
    lossPercent: Math.max(lossInPercent, lossOutPercent),
    sendKbps: kbps(now.bytesOut - (before?.bytesOut ?? 0)),
    receiveKbps: kbps(now.bytesIn - (before?.bytesIn ?? 0)),
  };
}

function toMs(seconds: unknown): number | null {
  return typeof seconds === "number" ? Math.round(seconds * 1000) : null;
}

function selectedPair(all: Stat[]): Stat | undefined {
  const chosen = text(all.find((stat) => stat.type === "transport")?.["selectedCandidatePairId"]);
  const pairs = all.filter((stat) => stat.type === "candidate-pair");
  return (
    pairs.find((pair) => pair.id === chosen) ??
    pairs.find((pair) => pair["nominated"] === true && pair["state"] === "succeeded")
  );
}

function codecOf(all: Stat[], stream: Stat | undefined): string | null {
  const codec = all.find((stat) => stat.type === "codec" && stat.id === stream?.["codecId"]);
  const mime = text(codec?.["mimeType"]);
  return mime ? mime.replace("audio/", "").replace(/^opus$/i, "Opus") : null;
}

function endpointOf(remote: Stat | undefined): string | null {
  const address = text(remote?.["address"]) ?? text(remote?.["ip"]);
  return remote && address ? `${address}:${number(remote["port"])} ${text(remote["protocol"]) ?? ""}`.trim() : null;
}

/** 4 = excellent … 1 = poor; the worst of the three decides. 0 = not known yet. */
export function signalBars(sample: VoiceSample | null): 0 | 1 | 2 | 3 | 4 {
  if (!sample || sample.rttMs === null) return 0;
  const step = (value: number, limits: [number, number, number]): number =>
    4 - limits.filter((limit) => value > limit).length;
  return Math.min(
    step(sample.rttMs, [60, 120, 200]),
    step(sample.lossPercent, [1, 3, 8]),
    step(sample.jitterMs ?? 0, [15, 30, 60]),
  ) as 1 | 2 | 3 | 4;
}

export const SIGNAL_WORDS = ["Measuring", "Poor", "Fair", "Good", "Excellent"] as const;

/** Microphone buffer, one Opus frame, encoder and playout: what a browser adds at both ends, in ms. */
const ENDS_MS = 10 + 20 + 5 + 20;

/** Estimate of the time from a mouth to an ear: ends + both halves of the way + jitter buffer. */
export function mouthToEarMs(sample: VoiceSample | null, othersRttMs: number | null): number | null {
  if (!sample || sample.rttMs === null) return null;
  return Math.round(ENDS_MS + sample.rttMs / 2 + (othersRttMs ?? sample.rttMs) / 2 + (sample.jitterBufferMs ?? 40));
}
