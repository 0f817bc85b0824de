/** The page's one AudioContext, for meters and for volumes above 100 %. */

let shared: AudioContext | null = null;

/**
 * The context, started when the browser allows it. Nothing may wait for that: without an output device a
 * context can stay suspended for ever, and voice must work all the same.
 */
export function sharedAudioContext(): AudioContext | null {
  if (typeof AudioContext === "undefined") return null;
  shared ??= new AudioContext({ latencyHint: "interactive" });
  if (shared.state === "suspended") void shared.resume().catch(() => undefined);
  return shared;
}

/** The context if anything needed one yet. */
export function existingAudioContext(): AudioContext | null {
  return shared;
}
