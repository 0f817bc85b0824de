/** Loudness: a meter on a track, words for it, and the decision whether somebody speaks. */
import { sharedAudioContext } from "./audioContext";
import workletUrl from "./level.worklet.js?url";

/** Quietest level shown, in dBFS. */
export const FLOOR_DB = -70;

/** Level of an RMS amplitude (1 = full scale) in dBFS, not below the floor. */
export function decibels(rms: number): number {
  return rms > 0 ? Math.max(FLOOR_DB, 20 * Math.log10(rms)) : FLOOR_DB;
}

export type LevelWord = "No input" | "Too quiet" | "Good" | "Too loud";

/** What a speech level means to the person speaking. */
export function levelWord(db: number): LevelWord {
  if (db <= -60) return "No input";
  if (db < -42) return "Too quiet";
  return db < -6 ? "Good" : "Too loud";
}

/** How long speech is held over a pause, in ms. */
const HOLD_MS = 300;

export interface SpeechGate {
  /** Take a level at a time; true while speaking. */
  feed(db: number, nowMs: number): boolean;
}

/** Open at `thresholdDb`, close when it has been quieter (by 4 dB, against flutter) for the hold time. */
export function makeSpeechGate(thresholdDb: () => number): SpeechGate {
  let lastLoudAt = -Infinity;
  let isOpen = false;
  return {
    feed(db, nowMs) {
      if (db >= thresholdDb() - (isOpen ? 4 : 0)) lastLoudAt = nowMs;
      isOpen = nowMs - lastLoudAt <= HOLD_MS;
      return isOpen;
    },
  };
}

let loading: Promise<void> | null = null;

/**
 * Report the level of `track` in dBFS about 25 times a second until the answer is called.
 * Where audio processing cannot start, nothing is reported.
 */
export function meterTrack(track: MediaStreamTrack, onLevel: (db: number) => void): () => void {
  const context = sharedAudioContext();
  let stop: (() => void) | null = null;
  let isStopped = false;
  if (!context) return () => undefined;
  loading ??= context.audioWorklet.addModule(workletUrl);
  loading
    .then(() => {
      if (isStopped) return;
      const source = context.createMediaStreamSource(new MediaStream([track]));
      const node = new AudioWorkletNode(context, "level", { numberOfOutputs: 0 });
      node.port.onmessage = (message: MessageEvent<number>) => onLevel(decibels(message.data));
      source.connect(node);
      stop = () => {
        node.port.onmessage = null;
        source.disconnect();
      };
    })
    .catch(() => undefined);
  return () => {
    isStopped = true;
    stop?.();
  };
}
