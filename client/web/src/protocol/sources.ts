/** Names of what people send: `microphone`, `whisper`, `webcam`, `screen_video:{stream}`, `screen_audio:{stream}`. */
import type { Id } from "./types.gen";

export const MICROPHONE = "microphone";
export const WEBCAM = "webcam";

const SCREEN_VIDEO = "screen_video:";
const SCREEN_AUDIO = "screen_audio:";

export const screenVideo = (streamId: string): string => SCREEN_VIDEO + streamId;
export const screenAudio = (streamId: string): string => SCREEN_AUDIO + streamId;

export function isVideo(source: string): boolean {
  return source === WEBCAM || source.startsWith(SCREEN_VIDEO);
}

/** The screen share that a source belongs to; null for all that is none. */
export function shareOf(source: string): string | null {
  for (const prefix of [SCREEN_VIDEO, SCREEN_AUDIO]) if (source.startsWith(prefix)) return source.slice(prefix.length);
  return null;
}

/** One name for one person's one source, unique in a room. */
export function streamKey(userId: Id, source: string): string {
  return `${userId}/${source}`;
}
