/** The quality tiers in words. */
import type { Tier, VideoKind } from "../../rtc/encodings";
import { TIER_ORDER, TIERS } from "../../rtc/encodings";

const NAMES: Record<Tier, string> = { low: "Low", medium: "Medium", high: "High", premium: "Best" };

/** `High – 1080p, 30 fps` */
export function tierOptions(kind: VideoKind): { value: string; label: string }[] {
  return TIER_ORDER.map((tier) => {
    const { height, fps } = TIERS[kind][tier];
    return { value: tier, label: `${NAMES[tier]} – ${height}p, ${fps} fps` };
  });
}

export function tierOf(value: string): Tier {
  return TIER_ORDER.find((tier) => tier === value) ?? "high";
}
