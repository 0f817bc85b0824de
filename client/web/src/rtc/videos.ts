/** The videos one receives: a stream for each media section, and whose they are just now. */
import type { Slot } from "../protocol";
import { isVideo, streamKey } from "../protocol";

export interface ReceivedVideo {
  mid: string;
  stream: MediaStream;
}

export interface ReceivedVideos {
  byKey: Record<string, ReceivedVideo>;
  /** Whether a section is free: then what is missing is not missing for want of room. */
  hasSpare: boolean;
}

export const NO_VIDEOS: ReceivedVideos = { byKey: {}, hasSpare: false };

export interface Videos {
  addTrack(mid: string, track: MediaStreamTrack): void;
  setSlots(slots: readonly Slot[]): void;
  close(): void;
}

export function makeVideos(onChange: (videos: ReceivedVideos) => void): Videos {
  const streams = new Map<string, MediaStream>();
  let slots: readonly Slot[] = [];
  let shown = "false";

  function tell(): void {
    const byKey: ReceivedVideos["byKey"] = {};
    for (const { mid, user_id, source } of slots) {
      const stream = streams.get(mid);
      if (user_id !== null && stream && isVideo(source)) byKey[streamKey(user_id, source)] = { mid, stream };
    }
    const hasSpare = streams.size > Object.keys(byKey).length;
    const now = [String(hasSpare), ...Object.entries(byKey).map(([key, { mid }]) => `${mid} ${key}`)].join();
    if (now === shown) return;
    shown = now;
    onChange({ byKey, hasSpare });
  }

  return {
    addTrack(mid, track) {
      streams.set(mid, new MediaStream([track]));
      tell();
    },
    setSlots(next) {
      slots = next;
      tell();
    },
    close() {
      streams.clear();
      slots = [];
      tell();
    },
  };
}
