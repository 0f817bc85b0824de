/** What a person set on this device, kept in localStorage and checked when it comes back. */
import { onCleanup } from "solid-js";
import type { Store } from "solid-js/store";
import { createStore } from "solid-js/store";
import type { Id } from "../protocol";
import type { Tier, VideoContent } from "../rtc/encodings";

export interface Preferences {
  inputId: string;
  outputId: string;
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
  /** Quieter than this is not sent, in dBFS; null sends everything. */
  gateDb: number | null;
  muted: boolean;
  deafened: boolean;
  /** By user, 0–2; absent means 1. */
  volumes: Record<Id, number>;
  mutedUsers: Record<Id, boolean>;
  /** By user, 0–2: how loud their screens are. */
  streamVolumes: Record<Id, number>;
  cameraId: string;
  cameraTier: Tier;
  shareTier: Tier;
  shareContent: VideoContent;
  shareAudio: boolean;
  /** The codec one's own video is sent in, where the browser has it. */
  videoCodec: "VP8" | "VP9" | "H264" | "AV1";
  theme: "dark" | "midnight" | "light";
  density: "cosy" | "compact";
  fontScale: number;
  showMembers: boolean;
  collapsed: Record<Id, boolean>;
  /** By guild: the channel last looked at. */
  lastChannels: Record<Id, Id>;
  lastGuild: Id | null;
  /** By channel: what was typed and not sent. */
  drafts: Record<Id, string>;
  /** Whether a session cookie is to be expected, so that a first visit asks for nothing. */
  signedIn: boolean;
}

export const DEFAULTS: Preferences = {
  inputId: "",
  outputId: "",
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  gateDb: null,
  muted: false,
  deafened: false,
  volumes: {},
  mutedUsers: {},
  streamVolumes: {},
  cameraId: "",
  cameraTier: "high",
  shareTier: "high",
  shareContent: "detail",
  shareAudio: true,
  videoCodec: "VP8",
  theme: "dark",
  density: "cosy",
  fontScale: 1,
  showMembers: true,
  collapsed: {},
  lastChannels: {},
  lastGuild: null,
  drafts: {},
  signedIn: false,
};

/** Words of which only these have a meaning. */
const ONE_OF = {
  cameraTier: ["low", "medium", "high", "premium"],
  shareTier: ["low", "medium", "high", "premium"],
  shareContent: ["detail", "motion"],
  videoCodec: ["VP8", "VP9", "H264", "AV1"],
} satisfies Partial<Record<keyof Preferences, string[]>>;

const KEY = "voicechat.preferences";

/** Take from `stored` what has the type of its default; anything else becomes the default. */
export function clean(stored: unknown): Preferences {
  if (typeof stored !== "object" || stored === null) return structuredClone(DEFAULTS);
  const given = stored as Record<string, unknown>;
  const entries = Object.entries(DEFAULTS).map(([key, standard]) => {
    const value = given[key];
    const fits =
      typeof value === typeof standard ||
      (standard === null && (typeof value === "string" || typeof value === "number"));
    return [key, fits && value !== null ? value : structuredClone<unknown>(standard)] as const;
  });
  const result = Object.fromEntries(entries) as unknown as Preferences;
  for (const [key, allowed] of Object.entries(ONE_OF))
    if (!allowed.includes(result[key as keyof typeof ONE_OF]))
      Object.assign(result, { [key]: DEFAULTS[key as keyof Preferences] });
  result.fontScale = Math.min(1.5, Math.max(0.8, result.fontScale));
  return result;
}

export type SetPreferences = (change: Partial<Preferences>) => void;

/** What is stored, made good; unreadable preferences are as good as none. */
function read(storage: Storage): Preferences {
  try {
    return clean(JSON.parse(storage.getItem(KEY) ?? "null"));
  } catch {
    return clean(null);
  }
}

/** The preferences as a store that follows other tabs, and the one way to change them (which also saves). */
export function createPreferences(storage: Storage = localStorage): [Store<Preferences>, SetPreferences] {
  const [preferences, setPreferences] = createStore<Preferences>(read(storage));
  const follow = (change: StorageEvent): void => {
    if (change.key === KEY) setPreferences(read(storage));
  };
  addEventListener("storage", follow);
  onCleanup(() => removeEventListener("storage", follow));
  return [
    preferences,
    (change) => {
      setPreferences(change);
      storage.setItem(KEY, JSON.stringify(preferences));
    },
  ];
}
