import { describe, expect, it } from "vitest";
import { readVideoStats } from "./videoStats";

const CODEC = { id: "C", type: "codec", mimeType: "video/VP8" };
const report = (...stats: { id: string }[]): Map<string, unknown> => new Map(stats.map((stat) => [stat.id, stat]));
const inbound = (change: object) => ({
  id: "I",
  type: "inbound-rtp",
  kind: "video",
  codecId: "C",
  frameWidth: 1280,
  frameHeight: 720,
  framesPerSecond: 29.7,
  ...change,
});

describe("video statistics", () => {
  it("tell size, rate, codec and loss of what is received", () => {
    const first = report(CODEC, inbound({ bytesReceived: 1000, packetsReceived: 10, packetsLost: 0 }));
    const { totals } = readVideoStats(first, new Map(), 0);
    const second = report(CODEC, inbound({ bytesReceived: 126_000, packetsReceived: 109, packetsLost: 1 }));
    const [sample] = readVideoStats(second, totals, 1000).samples;
    expect(sample).toMatchObject({ width: 1280, height: 720, fps: 30, kbps: 1000, codec: "VP8", lossPercent: 1 });
  });

  it("tell each layer that is sent, the largest first, and what holds it back", () => {
    const layer = (rid: string, frameHeight: number) => ({
      id: rid,
      type: "outbound-rtp",
      kind: "video",
      rid,
      frameWidth: frameHeight * 2,
      frameHeight,
      qualityLimitationReason: rid === "h" ? "cpu" : "none",
    });
    const { samples } = readVideoStats(report(layer("l", 180), layer("h", 720)), new Map(), 0);
    expect(samples.map(({ layer: rid, limitedBy }) => [rid, limitedBy])).toEqual([
      ["h", "cpu"],
      ["l", null],
    ]);
  });

  it("say nothing of what has no picture yet", () => {
    expect(readVideoStats(report(inbound({ frameWidth: 0 })), new Map(), 0).samples).toEqual([]);
  });
});
