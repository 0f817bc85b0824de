/** What is asked of the encoder: sizes, rates and simulcast layers of each quality tier. Pure. */

export type Tier = "low" | "medium" | "high" | "premium";
export type VideoKind = "webcam" | "screen";
/** Detail keeps letters sharp and lets the rate fall; motion keeps the rate and lets the sharpness fall. */
export type VideoContent = "detail" | "motion";

export interface TierLimits {
  width: number;
  height: number;
  fps: number;
  /** Of all layers together, in bit/s. */
  bitrate: number;
}

export const TIERS: Record<VideoKind, Record<Tier, TierLimits>> = {
  screen: {
    low: { width: 854, height: 480, fps: 15, bitrate: 1_000_000 },
    medium: { width: 1280, height: 720, fps: 30, bitrate: 3_000_000 },
    high: { width: 1920, height: 1080, fps: 30, bitrate: 5_000_000 },
    premium: { width: 1920, height: 1080, fps: 60, bitrate: 8_000_000 },
  },
  webcam: {
    low: { width: 320, height: 240, fps: 15, bitrate: 200_000 },
    medium: { width: 640, height: 480, fps: 30, bitrate: 600_000 },
    high: { width: 1280, height: 720, fps: 30, bitrate: 1_500_000 },
    premium: { width: 1920, height: 1080, fps: 30, bitrate: 3_000_000 },
  },
};

export const TIER_ORDER: Tier[] = ["low", "medium", "high", "premium"];

/** By layer: how much smaller than the largest, and its share of the bitrate. */
const LAYERS: Record<string, { divisor: number; share: number }> = {
  h: { divisor: 1, share: 0.8 },
  m: { divisor: 2, share: 0.16 },
  l: { divisor: 4, share: 0.04 },
};
/** Lines below which a smaller layer is not worth its bits. */
const LEAST_LINES = 100;

export interface VideoShape {
  kind: VideoKind;
  tier: Tier;
  content: VideoContent;
  /** As captured; 0 where the browser does not say. */
  width: number;
  height: number;
}

/** Fill in the layers that the connection has negotiated, which keep their names and their number. */
export function shapeEncodings(
  negotiated: readonly RTCRtpEncodingParameters[],
  shape: VideoShape,
  codec: string,
): RTCRtpEncodingParameters[] {
  const limits = TIERS[shape.kind][shape.tier];
  const base = Math.max(1, shape.width / limits.width, shape.height / limits.height);
  const lines = shape.height > 0 ? shape.height / base : limits.height;
  const isSimulcast = negotiated.length > 1;
  return negotiated.map((encoding) => {
    const layer = isSimulcast ? (LAYERS[encoding.rid ?? ""] ?? LAYERS["h"]!) : { divisor: 1, share: 1 };
    return {
      ...encoding,
      active: layer.divisor === 1 || lines / layer.divisor >= LEAST_LINES,
      maxBitrate: Math.round(limits.bitrate * layer.share),
      maxFramerate: limits.fps,
      scaleResolutionDownBy: base * layer.divisor,
      ...modeOf(codec, isSimulcast),
    };
  });
}

/** VP9 and AV1 would put all layers into one stream; simulcast has to be asked for. */
function modeOf(codec: string, isSimulcast: boolean): { scalabilityMode?: string } {
  return isSimulcast && (codec === "VP9" || codec === "AV1") ? { scalabilityMode: "L1T1" } : {};
}

export function degradationOf(content: VideoContent): RTCDegradationPreference {
  return content === "detail" ? "maintain-resolution" : "maintain-framerate";
}

/** More than this at once might drown the voice on a narrow line before the estimate comes down. */
const MOST_START_KBPS = 2_000;

/**
 * Where to begin, in kbit/s: a screen is for reading, and Chromium, whose own 300 leave out the large layer, probes
 * upwards of screens only every few seconds. Cameras find their rate by themselves.
 */
export function startKbps(kind: VideoKind, tier: Tier): number | undefined {
  return kind === "screen" ? Math.min(MOST_START_KBPS, 0.8 * (TIERS.screen[tier].bitrate / 1_000)) : undefined;
}
