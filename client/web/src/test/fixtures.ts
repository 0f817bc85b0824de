/** Small worlds for tests: a guild of three people with a text and a voice channel. */
import type { Channel, Guild, GuildSnapshot, Me, Member, Message, Role, User, VoiceState } from "../protocol";
import { Permission } from "../protocol";
import { apply } from "../state/apply";
import type { StoreEvent } from "../state/local";
import type { AppState } from "../state/model";
import { emptyState } from "../state/model";

const AT = "2026-03-01T12:00:00Z";
const EVERYONE =
  Permission.VIEW_CHANNEL + Permission.READ_HISTORY + Permission.SEND_MESSAGES + Permission.VOICE_CONNECT;

export const user = (id: string): User => ({ id, username: id, display_name: id.toUpperCase(), avatar_url: null });

export const me: Me = { ...user("ann"), email: null, is_admin: false, mfa_enabled: false, created_at: AT };

export const member = (id: string, change: Partial<Member> = {}): Member => ({
  user: user(id),
  nickname: null,
  role_ids: [],
  joined_at: AT,
  timed_out_until: null,
  muted: false,
  deafened: false,
  ...change,
});

export const guild = (change: Partial<Guild> = {}): Guild => ({
  id: "g1",
  name: "Night Owls",
  owner_id: "owner",
  description: null,
  icon_url: null,
  member_count: 3,
  my_permissions: EVERYONE,
  afk_channel_id: null,
  afk_timeout_s: 300,
  created_at: AT,
  ...change,
});

export const channel = (id: string, change: Partial<Channel> = {}): Channel => ({
  id,
  guild_id: "g1",
  name: id,
  channel_type: "text",
  category_id: null,
  topic: null,
  user_limit: null,
  position: 0,
  my_permissions: EVERYONE,
  unread_count: 0,
  last_message_id: null,
  last_read_message_id: null,
  created_at: AT,
  ...change,
});

export const role = (id: string, change: Partial<Role> = {}): Role => ({
  id,
  guild_id: "g1",
  name: id,
  color: null,
  permissions: 0,
  position: 1,
  is_default: false,
  ...change,
});

export const everyone = role("everyone", { is_default: true, position: 0, permissions: EVERYONE });

export const snapshot = (change: Partial<GuildSnapshot> = {}): GuildSnapshot => ({
  guild: guild(),
  roles: [everyone],
  categories: [],
  channels: [channel("general"), channel("lounge", { channel_type: "voice" })],
  voice_states: [],
  me: member("ann"),
  ...change,
});

export const voiceState = (userId: string, change: Partial<VoiceState> = {}): VoiceState => ({
  guild_id: "g1",
  channel_id: "lounge",
  user_id: userId,
  user: user(userId),
  muted: false,
  deafened: false,
  server_muted: false,
  server_deafened: false,
  suppressed: false,
  connected: true,
  screen_sharing: false,
  webcam_active: false,
  ...change,
});

export const message = (id: string, author: string, change: Partial<Message> = {}): Message => ({
  id,
  channel_id: "general",
  author: user(author),
  content: `message ${id}`,
  encrypted: false,
  nonce: null,
  reply_to: null,
  parent_id: null,
  attachments: [],
  reactions: [],
  mentions: [],
  mention_type: "none",
  pinned: false,
  edited_at: null,
  created_at: AT,
  message_type: "user",
  ...change,
});

export const ready = (guilds: GuildSnapshot[] = [snapshot()]): StoreEvent => ({
  type: "ready",
  user_id: "ann",
  session_id: "s1",
  heartbeat_interval_s: 20,
  resume_window_s: 90,
  server_name: "Test",
  server_version: "0",
  user: me,
  guilds,
});

/** The state after these events, the first at time 0 and each a second later. */
export function stateAfter(...events: StoreEvent[]): AppState {
  const state = emptyState();
  events.forEach((event, index) => apply(state, event, index * 1000));
  return state;
}
