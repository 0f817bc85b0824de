/** What is to be said of a stream whose picture does not move. Pure. */
import type { ActiveLayer, Withheld } from "../../state/model";

export type VideoState = "playing" | "loading" | "paused" | "silent" | "crowded" | "unplayable";

export interface VideoFacts {
  isOwn: boolean;
  /** The server gave it a media section here. */
  hasSection: boolean;
  hasSpareSection: boolean;
  hasFrame: boolean;
  /** What the server sends of it, or why nothing; undefined until it says. */
  sent: ActiveLayer | Withheld | undefined;
  /** For how long it does not flow: a reason is given after a moment, a guess at one after some seconds. */
  still: "no" | "moment" | "long";
}

const STATES: Record<Withheld, VideoState> = {
  bandwidth: "paused",
  no_packets: "silent",
  no_slot: "crowded",
  no_codec: "unplayable",
};

const reasonFor = (sent: VideoFacts["sent"]): VideoState | undefined =>
  sent !== undefined && sent in STATES ? STATES[sent as Withheld] : undefined;

/** Whether its own pictures come. Until the server sends it, its section may still hold the last one of another. */
export function isFlowing({ isOwn, hasSection, hasFrame, sent }: Omit<VideoFacts, "still">): boolean {
  return hasFrame && (isOwn || (hasSection && sent !== undefined && reasonFor(sent) === undefined));
}

export function videoState(facts: VideoFacts): VideoState {
  const { isOwn, hasSection, hasSpareSection, hasFrame, sent, still } = facts;
  if (isFlowing(facts)) return "playing";
  if (isOwn) return "loading";
  const reason = reasonFor(sent);
  // The last picture stays for the moment that a pause may last.
  if (reason) return still !== "no" ? reason : hasFrame && hasSection ? "playing" : "loading";
  if (still !== "long" || hasSection) return "loading";
  return hasSpareSection ? "unplayable" : "crowded";
}

export const VIDEO_WORDS: Record<VideoState, string> = {
  playing: "",
  loading: "Loading the stream…",
  paused: "Paused: your connection is too slow for it just now. Voice goes first.",
  silent: "No picture comes from their side just now. It goes on by itself.",
  crowded: "Too many videos are on at once. Stop watching one of them.",
  unplayable: "This stream is in a codec your browser cannot play.",
};
