/** Turn getStats reports of a video into what a viewer, or the one who shows it, may want to know. Pure. */

export interface VideoSample {
  /** `h` `m` `l` of one's own simulcast; null of what one receives. */
  layer: string | null;
  width: number;
  height: number;
  fps: number;
  kbps: number | null;
  codec: string | null;
  lossPercent: number | null;
  /** Frames that came and were not shown in time. */
  dropped: number;
  freezes: number;
  jitterBufferMs: number | null;
  /** Why one's own picture is smaller or slower than asked for: `cpu`, `bandwidth`. */
  limitedBy: string | null;
}

/** Running totals by the statistic's id; the next sample is a difference to them. */
export type VideoTotals = ReadonlyMap<string, { atMs: number; bytes: number; packets: number; lost: number }>;

type Stat = Record<string, unknown> & { id: string; type: string };

const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** Read the report of one sender or receiver, largest picture first. */
export function readVideoStats(
  report: ReadonlyMap<string, unknown> | RTCStatsReport,
  before: VideoTotals,
  nowMs: number,
): { samples: VideoSample[]; totals: VideoTotals } {
  const all: Stat[] = [];
  report.forEach((stat: unknown) => all.push(stat as Stat));
  const streams = all.filter(
    ({ type, kind }) => (type === "inbound-rtp" || type === "outbound-rtp") && kind === "video",
  );
  const totals = new Map(streams.map((stat) => [stat.id, totalsOf(stat, nowMs)]));
  const samples = streams
    .filter((stat) => number(stat["frameWidth"]) > 0)
    .map((stat) => sampleOf(stat, all, before.get(stat.id), totals.get(stat.id)!))
    .sort((left, right) => right.height - left.height);
  return { samples, totals };
}

type Total = { atMs: number; bytes: number; packets: number; lost: number };

function totalsOf(stat: Stat, atMs: number): Total {
  return {
    atMs,
    bytes: number(stat["bytesReceived"]) + number(stat["bytesSent"]),
    packets: number(stat["packetsReceived"]),
    lost: number(stat["packetsLost"]),
  };
}

function sampleOf(stat: Stat, all: Stat[], before: Total | undefined, now: Total): VideoSample {
  const elapsedMs = before ? now.atMs - before.atMs : 0;
  const lost = Math.max(0, now.lost - (before?.lost ?? 0));
  const came = now.packets - (before?.packets ?? 0);
  const emitted = number(stat["jitterBufferEmittedCount"]);
  const limit = text(stat["qualityLimitationReason"]);
  return {
    layer: text(stat["rid"]),
    width: number(stat["frameWidth"]),
    height: number(stat["frameHeight"]),
    fps: Math.round(number(stat["framesPerSecond"])),
    kbps: before && elapsedMs > 0 ? Math.round((8 * (now.bytes - before.bytes)) / elapsedMs) : null,
    codec: codecOf(all, stat),
    lossPercent: stat.type === "inbound-rtp" && came + lost > 0 ? (100 * lost) / (came + lost) : null,
    dropped: number(stat["framesDropped"]),
    freezes: number(stat["freezeCount"]),
    jitterBufferMs: emitted > 0 ? Math.round((1000 * number(stat["jitterBufferDelay"])) / emitted) : null,
    limitedBy: limit === "none" ? null : limit,
  };
}

function codecOf(all: Stat[], stream: Stat): string | null {
  const codec = all.find(({ type, id }) => type === "codec" && id === stream["codecId"]);
  return text(codec?.["mimeType"])?.replace("video/", "") ?? null;
}
