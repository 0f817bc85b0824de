/** What the client knows: one tree, changed only by `apply`. */
import type {
  Category,
  Channel,
  Guild,
  Id,
  Listener,
  Me,
  Member,
  Message,
  Webcam as ProtocolWebcam,
  Role,
  ScreenShare,
  User,
  VoiceLayerChangedEvent,
  VoiceState,
} from "../protocol";

export type ConnectionPhase = "idle" | "connecting" | "authenticating" | "ready" | "reconnecting" | "ended";
export type LoadState = "idle" | "loading" | "ready" | "failed";

export interface Connection {
  phase: ConnectionPhase;
  attempt: number;
  /** Whether a `ready` was ever received; until then the page shows skeletons. */
  wasReady: boolean;
  endReason: string | null;
  pingMs: number | null;
  serverName: string;
  serverVersion: string;
}

/** A message on its way: shown at once, replaced by the real one that carries its nonce. */
export interface PendingMessage {
  nonce: string;
  content: string;
  reply_to: Id | null;
  created_at: string;
  state: "sending" | "failed";
  error: string | null;
}

/** A loaded stretch of a channel's history, oldest first. It reaches to the present unless `hasNewer`. */
export interface Timeline {
  items: Message[];
  pending: PendingMessage[];
  load: LoadState;
  loadingOlder: boolean;
  hasOlder: boolean;
  loadingNewer: boolean;
  /** A stretch around an old message: what comes now is not added, for there is a gap before it. */
  hasNewer: boolean;
  /** Events may have been missed: fetch the newest page again before trusting it. */
  stale: boolean;
}

export interface Typist {
  name: string;
  until: number;
}

export interface MemberList {
  byId: Record<Id, Member>;
  load: LoadState;
}

export interface UserQuality {
  latency: number;
  packet_loss: number;
  jitter: number;
  quality: number;
}

/** Somebody's screen, shown to the room one is in. */
export type Share = Omit<ScreenShare, "username">;
export type Webcam = Omit<ProtocolWebcam, "username">;
export type Quality = ScreenShare["quality"];
export type ActiveLayer = NonNullable<VoiceLayerChangedEvent["active_layer"]>;
/** Why the server sends us none of a stream. */
export type Withheld = NonNullable<VoiceLayerChangedEvent["reason"]>;

export interface AppState {
  connection: Connection;
  me: Me | null;
  guildOrder: Id[];
  guilds: Record<Id, Guild>;
  roles: Record<Id, Role>;
  categories: Record<Id, Category>;
  channels: Record<Id, Channel>;
  users: Record<Id, User>;
  /** By guild. */
  members: Record<Id, MemberList>;
  /** By channel. */
  timelines: Record<Id, Timeline>;
  typing: Record<Id, Record<Id, Typist>>;
  /** By user: a person is in one voice channel at most. */
  voice: Record<Id, VoiceState>;
  speaking: Record<Id, boolean>;
  /** Priority speakers of the room one is in: while they speak, the others are turned down. */
  priority: Record<Id, boolean>;
  /** Whether our microphone opens on a key alone where we are, and whether it is open; null where it need not. */
  pushToTalk: { isOpen: boolean } | null;
  /** Who whispers to us just now, from whichever room. */
  whispering: Record<Id, boolean>;
  /** Whom one whispers to just now; null while one's room hears one. */
  whisperTo: { userIds: Id[]; channelId: Id | null } | null;
  /** The channels one listens in to. */
  listening: Id[];
  /** By channel one hears: who listens in to it. */
  listeners: Record<Id, Listener[]>;
  quality: Record<Id, UserQuality>;
  /** By stream key: the screens of the room one is in. */
  shares: Record<string, Share>;
  /** By user. */
  webcams: Record<Id, Webcam>;
  /** By stream key: what the server sends us of it, or why it sends nothing; absent until it is said. */
  layers: Record<string, ActiveLayer | Withheld>;
  /** The channel on screen in a focused window: its messages are read as they come. */
  viewing: Id | null;
  /** By channel: the message after which the "new" line stands. */
  dividers: Record<Id, Id>;
}

export function emptyState(): AppState {
  return {
    connection: {
      phase: "idle",
      attempt: 0,
      wasReady: false,
      endReason: null,
      pingMs: null,
      serverName: "VoiceChat",
      serverVersion: "",
    },
    me: null,
    guildOrder: [],
    guilds: {},
    roles: {},
    categories: {},
    channels: {},
    users: {},
    members: {},
    timelines: {},
    typing: {},
    voice: {},
    speaking: {},
    priority: {},
    pushToTalk: null,
    whispering: {},
    whisperTo: null,
    listening: [],
    listeners: {},
    quality: {},
    shares: {},
    webcams: {},
    layers: {},
    viewing: null,
    dividers: {},
  };
}

export function emptyTimeline(): Timeline {
  return {
    items: [],
    pending: [],
    load: "idle",
    loadingOlder: false,
    hasOlder: true,
    loadingNewer: false,
    hasNewer: false,
    stale: false,
  };
}
