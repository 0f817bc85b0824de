/**
 * What is heard: one hidden <audio> element for each media section, and who is in which.
 *
 * Chromium plays WebRTC audio only through an element. Up to 100 % the element's own volume is used (shortest way);
 * above, the element is silenced and a GainNode amplifies.
 */
import type { Id } from "../protocol";
import { existingAudioContext, sharedAudioContext } from "./audioContext";

interface SlotPlayer {
  element: HTMLAudioElement;
  stream: MediaStream;
  userId: Id | null;
  boost: { source: MediaStreamAudioSourceNode; gain: GainNode } | null;
}

export interface PlaybackEnv {
  /** 0–2; 1 is as it came. */
  volumeOf: (userId: Id) => number;
  isMuted: (userId: Id) => boolean;
  outputId: () => string;
  /** The browser refuses to play before a click on the page. */
  onBlocked: (blocked: boolean) => void;
}

export interface Playback {
  addTrack(mid: string, track: MediaStreamTrack): void;
  setSlots(slots: ReadonlyMap<string, Id>): void;
  setDeafened(deafened: boolean): void;
  /** Volumes, mutes or the output device changed. */
  refresh(): void;
  /** Try again after a click. */
  unblock(): void;
  close(): void;
  readonly streams: Record<Id, MediaStream>;
}

export function makePlayback(env: PlaybackEnv): Playback {
  /** Tracks as they were offered; a player is made when somebody is first heard in one. */
  const tracks = new Map<string, MediaStreamTrack>();
  const players = new Map<string, SlotPlayer>();
  let slots: ReadonlyMap<string, Id> = new Map();
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
    const silent = deafened || player.userId === null || env.isMuted(player.userId);
    const volume = player.userId === null ? 1 : env.volumeOf(player.userId);
    const boost = !silent && volume > 1 ? boosted(player) : null;
    player.element.muted = silent || boost !== null;
    player.element.volume = Math.min(1, volume);
    if (boost) boost.gain.gain.value = volume;
    else if (player.boost) player.boost.gain.gain.value = 0;
    route(player.element, env.outputId());
  }

  function seat(mid: string): void {
    const userId = slots.get(mid) ?? null;
    const track = tracks.get(mid);
    const player = players.get(mid) ?? (userId !== null && track ? makePlayer(mid, track) : undefined);
    if (!player) return;
    const isNew = !players.has(mid);
    players.set(mid, player);
    player.userId = userId;
    adjust(player);
    if (isNew) start(player);
  }

  return {
    addTrack(mid, track) {
      tracks.set(mid, track);
      seat(mid);
    },

    setSlots(next) {
      slots = next;
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
      slots = new Map();
    },

    get streams() {
      const heard = [...players.values()].filter((player) => player.userId !== null);
      return Object.fromEntries(heard.map((player) => [player.userId, player.stream] as const)) as Record<
        Id,
        MediaStream
      >;
    },
  };
}

function makePlayer(mid: string, track: MediaStreamTrack): SlotPlayer {
  const stream = new MediaStream([track]);
  const element = document.createElement("audio");
  element.autoplay = true;
  element.hidden = true;
  element.srcObject = stream;
  element.dataset["mid"] = mid;
  document.body.append(element);
  return { element, stream, userId: null, boost: null };
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
