/** What is to be said of a stream whose picture does not move. Pure. */
import type { ActiveLayer } from "../../state/model";

export type VideoState = "playing" | "loading" | "paused" | "crowded" | "unplayable";

export interface VideoFacts {
  isOwn: boolean;
  /** The server gave it a media section here. */
  hasSection: boolean;
  hasSpareSection: boolean;
  hasFrame: boolean;
  /** What the server sends of it; undefined until it says. */
  layer: ActiveLayer | undefined;
  isLate: boolean;
}

export function videoState(facts: VideoFacts): VideoState {
  if (facts.isOwn) return facts.hasFrame ? "playing" : "loading";
  // Until the server sends this stream, its section may still hold the last picture of another.
  if (facts.hasSection && facts.hasFrame && facts.layer) return "playing";
  if (facts.layer === null && (facts.isLate || facts.hasFrame)) return "paused";
  if (facts.isLate && !facts.hasSection) return facts.hasSpareSection ? "unplayable" : "crowded";
  return "loading";
}

export const VIDEO_WORDS: Record<VideoState, string> = {
  playing: "",
  loading: "Loading the stream…",
  paused: "Paused: your connection is too slow for it just now. Voice goes first.",
  crowded: "Too many videos are on at once. Stop watching one of them.",
  unplayable: "This stream is in a codec your browser cannot play.",
};
