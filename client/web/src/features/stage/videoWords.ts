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
  /** For how long it does not flow: a pause says so after a moment, what never came after some seconds. */
  still: "no" | "moment" | "long";
}

/** Whether its own pictures come. Until the server sends it, its section may still hold the last one of another. */
export function isFlowing({ isOwn, hasSection, hasFrame, layer }: Omit<VideoFacts, "still">): boolean {
  return hasFrame && (isOwn || (hasSection && Boolean(layer)));
}

export function videoState(facts: VideoFacts): VideoState {
  const { isOwn, hasSection, hasSpareSection, hasFrame, layer, still } = facts;
  if (isFlowing(facts)) return "playing";
  if (isOwn) return "loading";
  if (layer === null && hasFrame && hasSection) return still === "no" ? "playing" : "paused";
  if (still !== "long") return "loading";
  if (layer === null) return "paused";
  return hasSection ? "loading" : hasSpareSection ? "unplayable" : "crowded";
}

export const VIDEO_WORDS: Record<VideoState, string> = {
  playing: "",
  loading: "Loading the stream…",
  paused: "Paused: your connection is too slow for it just now. Voice goes first.",
  crowded: "Too many videos are on at once. Stop watching one of them.",
  unplayable: "This stream is in a codec your browser cannot play.",
};
