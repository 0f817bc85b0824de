/**
 * What is heard: one hidden <audio> element for each media section, and who speaks, or whose screen sounds, in which.
 *
 * Chromium plays WebRTC audio only through an element. Up to 100 % the element's own volume is used (shortest way);
 * above, the element is silenced and a GainNode amplifies.
 */
import type { Id, Slot } from "../protocol";
import { MICROPHONE, streamKey } from "../protocol";
import { existingAudioContext, sharedAudioContext } from "./audioContext";

interface SlotPlayer {
  element: HTMLAudioElement;
  stream: MediaStream;
  from: Heard | null;
  boost: { source: MediaStreamAudioSourceNode; gain: GainNode } | null;
}

/** Whom, and what of them, a section carries. */
export interface Heard {
  userId: Id;
  source: string;
}

export interface PlaybackEnv {
  /** 0–2; 1 is as it came. */
  volumeOf: (heard: Heard) => number;
  isMuted: (heard: Heard) => boolean;
  outputId: () => string;
  /** The browser refuses to play before a click on the page. */
  onBlocked: (blocked: boolean) => void;
}

export interface Playback {
  addTrack(mid: string, track: MediaStreamTrack): void;
  setSlots(slots: readonly Slot[]): void;
  setDeafened(deafened: boolean): void;
  /** Volumes, mutes or the output device changed. */
  refresh(): void;
  /** Try again after a click. */
  unblock(): void;
  close(): void;
  /** By user id; what is no microphone by stream key. */
  readonly streams: Record<string, MediaStream>;
}

export function makePlayback(env: PlaybackEnv): Playback {
  /** Tracks as they were offered; a player is made when somebody is first heard in one. */
  const tracks = new Map<string, MediaStreamTrack>();
  const players = new Map<string, SlotPlayer>();
  let seats: ReadonlyMap<string, Heard> = new Map();
  let deafened = false;

  function start(player: SlotPlayer): void {
    player.element.play().then(
      () => env.onBlocked(false),
      (reason: unknown) => {
        if (reason instanceof DOMException && reason.name === "NotAllowedError") env.onBlocked(true);
      },
    );
  }

  function adjust(player: SlotPlayer): void {
    const silent = deafened || player.from === null || env.isMuted(player.from);
    const volume = player.from === null ? 1 : env.volumeOf(player.from);
    const boost = !silent && volume > 1 ? boosted(player) : null;
    player.element.muted = silent || boost !== null;
    player.element.volume = Math.min(1, volume);
    if (boost) boost.gain.gain.value = volume;
    else if (player.boost) player.boost.gain.gain.value = 0;
    route(player.element, env.outputId());
  }

  function seat(mid: string): void {
    const from = seats.get(mid) ?? null;
    const track = tracks.get(mid);
    const player = players.get(mid) ?? (from !== null && track ? makePlayer(mid, track) : undefined);
    if (!player) return;
    const isNew = !players.has(mid);
    players.set(mid, player);
    player.from = from;
    adjust(player);
    if (isNew) start(player);
  }

  return {
    addTrack(mid, track) {
      tracks.set(mid, track);
      seat(mid);
    },

    setSlots(next) {
      seats = new Map(
        next.flatMap(({ mid, user_id, source }) => (user_id === null ? [] : [[mid, { userId: user_id, source }]])),
      );
      [...tracks.keys()].forEach(seat);
    },

    setDeafened(next) {
      deafened = next;
      players.forEach(adjust);
    },

    refresh: () => players.forEach(adjust),
    unblock: () => players.forEach(start),

    close() {
      for (const { element, boost } of players.values()) {
        boost?.source.disconnect();
        boost?.gain.disconnect();
        element.srcObject = null;
        element.remove();
      }
      players.clear();
      tracks.clear();
      seats = new Map();
    },

    get streams() {
      return Object.fromEntries(
        [...players.values()].flatMap(({ from, stream }) => (from === null ? [] : [[nameOf(from), stream]])),
      );
    },
  };
}

function nameOf({ userId, source }: Heard): string {
  return source === MICROPHONE ? userId : streamKey(userId, source);
}

function makePlayer(mid: string, track: MediaStreamTrack): SlotPlayer {
  const stream = new MediaStream([track]);
  const element = document.createElement("audio");
  element.autoplay = true;
  element.hidden = true;
  element.srcObject = stream;
  element.dataset["mid"] = mid;
  document.body.append(element);
  return { element, stream, from: null, boost: null };
}

/** The player's amplifier, made when first needed; null where there is no audio context that runs. */
function boosted(player: SlotPlayer): SlotPlayer["boost"] {
  const context = sharedAudioContext();
  if (context?.state !== "running") return null;
  if (!player.boost) {
    const source = context.createMediaStreamSource(player.stream);
    const gain = context.createGain();
    source.connect(gain).connect(context.destination);
    player.boost = { source, gain };
  }
  return player.boost;
}

/** What can be sent to an output device; the DOM types do not know it of an AudioContext yet. */
interface Sinkable {
  sinkId?: string;
  setSinkId?: (id: string) => Promise<void>;
}

/** Send an element, and the amplifier, to the chosen output; a device that is gone means the default one. */
function route(element: HTMLAudioElement, outputId: string): void {
  const targets: Sinkable[] = [element, (existingAudioContext() ?? {}) as Sinkable];
  for (const target of targets) {
    if (!target.setSinkId || (target.sinkId ?? "") === outputId) continue;
    target.setSinkId(outputId).catch(() => target.setSinkId?.("").catch(() => undefined));
  }
}
