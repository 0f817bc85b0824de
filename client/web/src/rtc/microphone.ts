/** The microphone in use: opened on joining, closed on leaving, muted at once, metered and gated. */
import type { MicrophoneTrouble, MicrophoneWish } from "./devices";
import { MicrophoneError, openMicrophone } from "./devices";
import { makeSpeechGate, meterTrack } from "./meters";

/** Louder than this counts as speaking where no sensitivity is set. */
const AUTOMATIC_DB = -48;

export interface MicrophoneEnv {
  wish: () => MicrophoneWish;
  /** Below this level nothing is sent; null sends everything. */
  gateDb: () => number | null;
  onTrack: (track: MediaStreamTrack | null) => void;
  onTrouble: (trouble: MicrophoneTrouble | null) => void;
  onSpeaking: (speaking: boolean) => void;
}

export interface Microphone {
  /** Open it (again, when the wish changed). Never throws: trouble is reported. */
  open(): Promise<void>;
  close(): void;
  setMuted(muted: boolean): void;
  readonly track: MediaStreamTrack | null;
}

export function makeMicrophone(env: MicrophoneEnv): Microphone {
  let generation = 0;
  let track: MediaStreamTrack | null = null;
  let probe: MediaStreamTrack | null = null;
  let stopMeter: (() => void) | null = null;
  let muted = false;
  let isLoud = false;

  /** A muted or gated track sends silence; the meter listens on a clone that stays open. */
  function applyMute(): void {
    if (track) track.enabled = !muted && (env.gateDb() === null || isLoud || !stopMeter);
  }

  function watchLevel(): void {
    const gate = makeSpeechGate(() => env.gateDb() ?? AUTOMATIC_DB);
    let wasSpeaking = false;
    if (!probe) return;
    stopMeter = meterTrack(probe, (db) => {
      isLoud = gate.feed(db, performance.now());
      applyMute();
      const speaking = isLoud && !muted;
      if (speaking !== wasSpeaking) env.onSpeaking(speaking);
      wasSpeaking = speaking;
    });
  }

  function release(): void {
    stopMeter?.();
    stopMeter = null;
    isLoud = false;
    track?.stop();
    probe?.stop();
    track = probe = null;
  }

  function take(stream: MediaStream): void {
    release();
    track = stream.getAudioTracks()[0] ?? null;
    if (!track) return;
    track.contentHint = "speech";
    probe = track.clone();
    const mine = generation;
    track.onended = () => {
      if (mine === generation) void open();
    };
    // Until the first level is known the gate stays open, so that nothing depends on a meter that cannot start.
    isLoud = true;
    applyMute();
    watchLevel();
    env.onTrouble(null);
    env.onTrack(track);
  }

  async function open(): Promise<void> {
    const mine = ++generation;
    try {
      const stream = await openMicrophone(env.wish());
      if (mine === generation) take(stream);
      else stream.getTracks().forEach((each) => each.stop());
    } catch (reason) {
      if (mine !== generation) return;
      release();
      env.onTrack(null);
      env.onTrouble(reason instanceof MicrophoneError ? reason.trouble : "busy");
    }
  }

  return {
    open,
    close() {
      generation++;
      release();
      env.onTrouble(null);
    },
    setMuted(next) {
      muted = next;
      applyMute();
    },
    get track() {
      return track;
    },
  };
}
