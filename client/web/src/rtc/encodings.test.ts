import { describe, expect, it } from "vitest";
import type { VideoShape } from "./encodings";
import { degradationOf, shapeEncodings, startKbps } from "./encodings";

const LAYERS: RTCRtpEncodingParameters[] = [{ rid: "h" }, { rid: "m" }, { rid: "l" }];
const SHAPE: VideoShape = { kind: "screen", tier: "high", content: "detail", width: 1920, height: 1080 };

describe("encodings", () => {
  it("keep the negotiated layers and halve them, within the tier's bitrate", () => {
    const encodings = shapeEncodings(LAYERS, SHAPE, "VP8");
    expect(encodings.map(({ rid }) => rid)).toEqual(["h", "m", "l"]);
    expect(encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual([1, 2, 4]);
    expect(encodings.reduce((sum, { maxBitrate }) => sum + maxBitrate!, 0)).toBeLessThanOrEqual(5_000_000);
    expect(encodings.every(({ maxFramerate, active }) => maxFramerate === 30 && active)).toBe(true);
  });

  it("bring a larger capture down to the tier", () => {
    const [high] = shapeEncodings(LAYERS, { ...SHAPE, tier: "medium", width: 2560, height: 1440 }, "VP8");
    expect(high?.scaleResolutionDownBy).toBe(2);
  });

  it("measure a tall window by its height", () => {
    const [high] = shapeEncodings(LAYERS, { ...SHAPE, width: 400, height: 2160 }, "VP8");
    expect(high?.scaleResolutionDownBy).toBe(2);
  });

  it("leave out layers too small to see anything in", () => {
    const encodings = shapeEncodings(LAYERS, { ...SHAPE, kind: "webcam", tier: "low", width: 320, height: 240 }, "VP8");
    expect(encodings.map(({ active }) => active)).toEqual([true, true, false]);
  });

  it("give everything to the only layer where there is no simulcast", () => {
    expect(shapeEncodings([{}], SHAPE, "VP9")).toEqual([
      { active: true, maxBitrate: 5_000_000, maxFramerate: 30, scaleResolutionDownBy: 1 },
    ]);
  });

  it.each([
    ["VP8", undefined],
    ["H264", undefined],
    ["VP9", "L1T1"],
    ["AV1", "L1T1"],
  ])("ask %s for separate streams by scalability mode %s", (codec, mode) => {
    const [high] = shapeEncodings(LAYERS, SHAPE, codec) as { scalabilityMode?: string }[];
    expect(high?.scalabilityMode).toBe(mode);
  });

  it("begin a screen where its large layer fits, within reason, and a camera where the browser likes", () => {
    expect([startKbps("screen", "low"), startKbps("screen", "premium"), startKbps("webcam", "high")]).toEqual([
      800,
      2000,
      undefined,
    ]);
  });

  it("hold what matters for the content", () => {
    expect([degradationOf("detail"), degradationOf("motion")]).toEqual(["maintain-resolution", "maintain-framerate"]);
  });
});
