/**
 * How much of each stream the server is asked for: nothing nobody looks at, no more than fits where it is shown.
 *
 * The page tells of every place a stream is shown in (a view); the largest that is seen decides.
 */
import type { AnyCommand, Id } from "../protocol";

export type Layer = "auto" | "high" | "medium" | "low" | "off";
/** What a person may choose for a stream: a ceiling. */
export type LayerChoice = Exclude<Layer, "off">;

export interface View {
  /** Height on screen, in the display's own pixels. */
  height: number;
  /** Not scrolled out of sight. */
  isVisible: boolean;
  /** In a window of its own, which is seen when the page is not. */
  isDetached: boolean;
}

/** Up to this height the small layer is enough, and up to that the middle one. */
const SMALL_PX = 200;
const MIDDLE_PX = 420;

export interface Circumstances {
  kind: "screen" | "webcam";
  views: readonly View[];
  choice: LayerChoice;
  /** The page is in a hidden tab. */
  isHidden: boolean;
}

/** What to ask for. A screen that is only out of sight stays ready in its smallest form; a face does not. */
export function wishFor({ kind, views, choice, isHidden }: Circumstances): Layer {
  if (views.length === 0) return "off";
  const seen = views.filter((view) => view.isDetached || (view.isVisible && !isHidden));
  if (seen.length === 0) return isHidden && kind === "webcam" ? "off" : "low";
  if (choice !== "auto") return choice;
  const height = Math.max(...seen.map((view) => view.height));
  if (height <= SMALL_PX) return "low";
  return height <= MIDDLE_PX ? "medium" : "auto";
}

export interface Wish {
  userId: Id;
  source: string;
  layer: Layer;
}

export interface DemandEnv {
  send: (command: AnyCommand) => boolean;
  after: (ms: number, act: () => void) => () => void;
}

export interface Demand {
  /** What is wished for now, of every stream there is. `sessionId` null: not in voice. */
  update(channelId: Id | null, sessionId: Id | null, wishes: readonly Wish[]): void;
}

/** Wishes change in bunches (a layout, a scroll), and are told once they rest. */
const REST_MS = 120;

export function makeDemand(env: DemandEnv): Demand {
  let told = new Map<string, Layer>();
  let toldSession: Id | null = null;
  let cancel: (() => void) | null = null;

  function tell(channelId: Id, wishes: readonly Wish[]): void {
    const next = new Map<string, Layer>();
    for (const { userId, source, layer } of wishes) {
      const key = `${userId}/${source}`;
      // Everything is sent to whoever asks for nothing.
      const isTold = (told.get(key) ?? "auto") === layer;
      const command = {
        type: "voice_set_layer_preference",
        channel_id: channelId,
        target_user_id: userId,
        track_source: source,
        preferred_layer: layer,
      } as const;
      if (isTold || env.send(command)) next.set(key, layer);
    }
    told = next;
  }

  return {
    update(channelId, sessionId, wishes) {
      cancel?.();
      cancel = null;
      if (sessionId !== toldSession) told = new Map();
      toldSession = sessionId;
      if (channelId === null || sessionId === null) return;
      cancel = env.after(REST_MS, () => tell(channelId, wishes));
    },
  };
}
