/** The wire types until the generated file is there. */
/* Provisional wire types; replaced by the generated file. */

/** I am alive; answered by `pong`. */
export interface Ping {
  type: "ping";
  ref?: string;
}

/** First frame on a new socket: go on with the session from after event `seq`. */
export interface Resume {
  type: "resume";
  ref?: string;
  session_id: string;
  seq: number;
}

/** Send me the messages and typing of a channel. Channels you may see are subscribed to at `ready`. */
export interface Subscribe {
  type: "subscribe";
  ref?: string;
  channel_id: string;
}

/** Send me no more messages and typing of a channel. */
export interface Unsubscribe {
  type: "unsubscribe";
  ref?: string;
  channel_id: string;
}

/** The first frame: who you are, and all that you may see. */
export interface Ready {
  type: "ready";
  user_id: string;
  session_id: string;
  heartbeat_interval_s: number;
  resume_window_s: number;
  server_name: string;
  server_version: string;
  user: Me;
  guilds: GuildSnapshot[];
}

/** Answers `ping`. */
export interface Pong {
  type: "pong";
  ref?: string;
}

/** All missed frames were sent before this one. */
export interface Resumed {
  type: "resumed";
  session_id: string;
  replayed: number;
}

/** The session is unknown or too old; a fresh `ready` follows. */
export interface ResumeFailed {
  type: "resume_failed";
  reason: string;
}

/** Answers `subscribe`. */
export interface Subscribed {
  type: "subscribed";
  channel_id: string;
  ref?: string;
}

/** Answers `unsubscribe`. */
export interface Unsubscribed {
  type: "unsubscribed";
  channel_id: string;
  ref?: string;
}

/** A command was refused; `in_reply_to` is the command's type. */
export interface Error {
  type: "error";
  code: string;
  message: string;
  in_reply_to?: string;
  ref?: string;
  details?: Record<string, unknown>;
}

/** POST /auth/register. The first account becomes system admin (needs `setup_token` off loopback). */
export interface Register {
  username: string;
  password: string;
  email?: string | null;
  display_name?: string | null;
  invite_code?: string | null;
  setup_token?: string | null;
}

/** POST /auth/login. */
export interface Login {
  username: string;
  password: string;
}

/** POST /auth/refresh and /auth/logout; a browser leaves it out and sends its cookie. */
export interface Refresh {
  refresh_token?: string | null;
}

/** A session: the access token for a quarter of an hour, the refresh token until it is spent. */
export interface Tokens {
  user_id: string;
  access_token: string;
  refresh_token: string | null;
  token_type: string;
  expires_in: number;
}

/** Somebody, as everybody may know them. */
export interface User {
  id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
}

/** The caller's own account. */
export interface Me {
  id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  email: string | null;
  is_admin: boolean;
  mfa_enabled: boolean;
  created_at: string;
}

/** PATCH /auth/me; absent fields stay. */
export interface EditMe {
  display_name?: string;
  email?: string | null;
}

/** POST /auth/me/password; ends every other session. */
export interface ChangePassword {
  current_password: string;
  new_password: string;
}

/** A device that is logged in. */
export interface LoginSession {
  id: string;
  device: string;
  ip: string;
  created_at: string;
  last_used_at: string;
  current: boolean;
}

/** GET /auth/sessions. */
export interface LoginSessions {
  sessions: LoginSession[];
}

/** How many sessions were ended. */
export interface Revoked {
  revoked_count: number;
}

/** Your session was ended; the socket closes with 4003 right after. */
export interface SessionRevoked {
  type: "session_revoked";
  session_id: string;
  reason: string;
}

/** Somebody you share a guild with changed their profile. */
export interface UserUpdated {
  type: "user_updated";
  user: User;
}

/** A community: channels, roles, members. `my_permissions` are the reader's, guild-wide. */
export interface Guild {
  id: string;
  name: string;
  owner_id: string;
  description: string | null;
  icon_url: string | null;
  member_count: number;
  my_permissions: number;
  created_at: string;
}

/** GET /api/guilds: those the caller is a member of. */
export interface Guilds {
  items: Guild[];
  has_more: boolean;
  next_cursor: string | null;
}

/** POST /api/guilds; it gets #general and a voice channel. */
export interface CreateGuild {
  name: string;
  description?: string | null;
}

/** PATCH /api/guilds/{id} (MANAGE_GUILD). */
export interface EditGuild {
  name?: string;
  description?: string | null;
}

/** POST /api/guilds/{id}/transfer (owner): hand the guild to another member. */
export interface TransferGuild {
  user_id: string;
}

/** A person in a guild, with the ids of the roles they hold (@everyone left out). */
export interface Member {
  user: User;
  nickname: string | null;
  role_ids: string[];
  joined_at: string;
  timed_out_until: string | null;
  muted: boolean;
  deafened: boolean;
}

/** GET /api/guilds/{id}/members?after=&limit=, by user id. */
export interface Members {
  has_more: boolean;
  next_cursor: string | null;
  items: Member[];
}

/** Which members to list. */
export interface MembersQuery {
  after?: string | null;
  limit?: number;
}

/** PATCH /api/guilds/{id}/members/{user_id}: nickname (own or MANAGE_GUILD), voice state (VOICE_* bits). */
export interface EditMember {
  nickname?: string | null;
  muted?: boolean;
  deafened?: boolean;
  channel_id?: string | null;
}

/** POST /api/guilds/{id}/members/{user_id}/timeout (TIMEOUT_MEMBERS), at most 28 days ahead. */
export interface Timeout {
  until: string;
  reason?: string | null;
}

/** POST /api/guilds/{id}/bans/{user_id} (BAN_MEMBERS). */
export interface Ban {
  reason?: string | null;
}

/** A ban that stands. */
export interface Banned {
  user: User;
  reason: string | null;
  banned_by: string | null;
  created_at: string;
}

/** GET /api/guilds/{id}/bans. */
export interface Bans {
  items: Banned[];
  has_more: boolean;
  next_cursor: string | null;
}

/** POST /api/guilds/{id}/invites (CREATE_INVITE); without bounds it lives 7 days. */
export interface CreateInvite {
  max_uses?: number | null;
  expires_in_s?: number | null;
  channel_id?: string | null;
}

/** A link into a guild. */
export interface Invite {
  code: string;
  guild_id: string;
  channel_id: string | null;
  created_by: string | null;
  max_uses: number | null;
  uses: number;
  expires_at: string | null;
  created_at: string;
}

/** GET /api/guilds/{id}/invites. */
export interface Invites {
  items: Invite[];
  has_more: boolean;
  next_cursor: string | null;
}

/** GET /api/invites/{code}: what the link leads to, for anybody who holds it. */
export interface InvitePreview {
  code: string;
  guild_id: string;
  guild_name: string;
  guild_icon_url: string | null;
  guild_description: string | null;
  member_count: number;
  channel_id: string | null;
  channel_name: string | null;
  inviter: User | null;
  expires_at: string | null;
}

/** POST /api/invites/{code}/join. */
export interface Joined {
  guild: Guild;
  channel_id: string | null;
  already_member: boolean;
}

/** You became a member of a guild (made it, or joined it on some device): its whole snapshot. */
export interface GuildCreated {
  type: "guild_created";
  guild: GuildSnapshot;
}

/** A guild's name or description changed, or its owner; your own bits may have too. */
export interface GuildUpdated {
  type: "guild_updated";
  guild_id: string;
  name: string;
  description: string | null;
  icon_url: string | null;
  owner_id: string;
}

/** The guild is gone for you: deleted, left, kicked or banned from. */
export interface GuildDeleted {
  type: "guild_deleted";
  guild_id: string;
  reason: string;
}

/** Somebody joined. */
export interface MemberJoined {
  type: "member_joined";
  guild_id: string;
  member: Member;
}

/** A member's nickname, roles, timeout or server mute changed. */
export interface MemberUpdated {
  type: "member_updated";
  guild_id: string;
  member: Member;
}

/** Somebody left, or was removed. */
export interface MemberLeft {
  type: "member_left";
  guild_id: string;
  user_id: string;
  reason: string;
}

/** All of a guild that the reader may see, but for its member list (GET …/members). */
export interface GuildSnapshot {
  guild: Guild;
  roles: Role[];
  categories: Category[];
  channels: Channel[];
  voice_states: VoiceState[];
  me: Member;
}

/** A role. The higher `position` outranks the lower; @everyone (`is_default`) is 0. */
export interface Role {
  id: string;
  guild_id: string;
  name: string;
  color: string | null;
  permissions: number;
  position: number;
  is_default: boolean;
}

/** GET /api/guilds/{id}/roles, highest first. */
export interface Roles {
  items: Role[];
  has_more: boolean;
  next_cursor: string | null;
}

/** POST /api/guilds/{id}/roles (MANAGE_ROLES); it starts just above @everyone. */
export interface CreateRole {
  name: string;
  color?: string | null;
  permissions?: number;
}

/** PATCH /api/guilds/{id}/roles/{role_id} (MANAGE_ROLES, only below the own rank and with own bits). */
export interface EditRole {
  name?: string;
  color?: string | null;
  permissions?: number;
  position?: number;
}

/** A role was made. */
export interface RoleCreated {
  type: "role_created";
  role: Role;
}

/** A role changed. */
export interface RoleUpdated {
  type: "role_updated";
  role: Role;
}

/** A role was removed. */
export interface RoleDeleted {
  type: "role_deleted";
  guild_id: string;
  role_id: string;
}

/** A text or voice channel as its reader may see it; `my_permissions` are the reader's in it. */
export interface Channel {
  id: string;
  guild_id: string | null;
  name: string;
  channel_type: string;
  category_id: string | null;
  topic: string | null;
  user_limit: number | null;
  position: number;
  my_permissions: number;
  unread_count: number;
  last_message_id: string | null;
  last_read_message_id: string | null;
  created_at: string;
}

/** GET /api/guilds/{id}/channels: those the caller may see. */
export interface Channels {
  items: Channel[];
  has_more: boolean;
  next_cursor: string | null;
}

/** POST /api/channels (MANAGE_CHANNELS). */
export interface CreateChannel {
  guild_id: string;
  name: string;
  channel_type?: "text" | "voice";
  category_id?: string | null;
  topic?: string | null;
  user_limit?: number | null;
}

/** PATCH /api/channels/{id} (MANAGE_CHANNELS). */
export interface EditChannel {
  name?: string;
  topic?: string | null;
  user_limit?: number | null;
  category_id?: string | null;
  position?: number;
}

/** Where a channel stands in the list. */
export interface ChannelPlace {
  id: string;
  position: number;
  category_id?: string | null;
}

/** POST /api/guilds/{id}/channels/reorder (MANAGE_CHANNELS). */
export interface ReorderChannels {
  channels: ChannelPlace[];
}

/** POST /api/channels/{id}/read; without an id, up to the newest message. */
export interface MarkRead {
  last_read_message_id?: string | null;
}

/** A heading that groups channels. */
export interface Category {
  id: string;
  guild_id: string;
  name: string;
  position: number;
}

/** GET /api/guilds/{id}/categories. */
export interface Categories {
  items: Category[];
  has_more: boolean;
  next_cursor: string | null;
}

/** POST /api/guilds/{id}/categories (MANAGE_CHANNELS). */
export interface CreateCategory {
  name: string;
}

/** PATCH /api/guilds/{id}/categories/{category_id} (MANAGE_CHANNELS). */
export interface EditCategory {
  name?: string;
  position?: number;
}

/** What a role or a member may do differently in a channel or category. */
export interface Override {
  target_id: string;
  target_type: string;
  allow: number;
  deny: number;
}

/** GET /api/channels/{id}/overrides, and the same for a category. */
export interface Overrides {
  items: Override[];
  has_more: boolean;
  next_cursor: string | null;
}

/** PUT /api/channels/{id}/overrides/{target_id} (MANAGE_ROLES); the target is a role unless said. */
export interface PutOverride {
  allow?: number;
  deny?: number;
  target_type?: "member" | "role";
}

/** A channel appeared for you: made, or now visible. */
export interface ChannelCreated {
  type: "channel_created";
  channel: Channel;
}

/** A channel you see changed, or your own bits in it did. */
export interface ChannelUpdated {
  type: "channel_updated";
  channel: Channel;
}

/** A channel is gone for you: deleted, or no longer visible. */
export interface ChannelDeleted {
  type: "channel_deleted";
  guild_id: string | null;
  channel_id: string;
}

/** A category was made. */
export interface CategoryCreated {
  type: "category_created";
  category: Category;
}

/** A category was renamed or moved. */
export interface CategoryUpdated {
  type: "category_updated";
  category: Category;
}

/** A category was removed; its channels remain, without one. */
export interface CategoryDeleted {
  type: "category_deleted";
  guild_id: string;
  category_id: string;
}

/** You read a channel on another device. */
export interface ChannelRead {
  type: "channel_read";
  channel_id: string;
  last_read_message_id: string | null;
  unread_count: number;
}

/** A message. `author` is null when the account is gone. */
export interface Message {
  id: string;
  channel_id: string;
  author: User | null;
  content: string;
  encrypted: boolean;
  nonce: string | null;
  reply_to: string | null;
  parent_id: string | null;
  attachments: Record<string, unknown>[];
  reactions: Record<string, unknown>[];
  mentions: string[];
  mention_type: string;
  pinned: boolean;
  edited_at: string | null;
  created_at: string;
  message_type: string;
}

/** GET /api/messages/channel/{id}: newest first; `next_cursor` goes into `before`. */
export interface Messages {
  has_more: boolean;
  next_cursor: string | null;
  items: Message[];
}

/** Which messages to list; at most one of `before`, `after` and `around`. */
export interface MessagesQuery {
  before?: string | null;
  after?: string | null;
  around?: string | null;
  limit?: number;
}

/** POST /api/messages/channel/{id}; an `Idempotency-Key` header makes a repeat harmless. */
export interface PostMessage {
  content: string;
  encrypted?: boolean;
  nonce?: string | null;
  reply_to?: string | null;
}

/** PATCH /api/messages/{id} (author). */
export interface EditMessage {
  content: string;
  nonce?: string | null;
}

/** A message was posted. */
export interface MessageNew {
  type: "message_new";
  channel_id: string;
  message: Message;
}

/** A message was edited. */
export interface MessageEdit {
  type: "message_edit";
  channel_id: string;
  message_id: string;
  content: string;
  edited_at: string;
  message: Message;
}

/** A message was deleted. */
export interface MessageDelete {
  type: "message_delete";
  channel_id: string;
  message_id: string;
}

/** I am typing; repeat every few seconds. */
export interface Typing {
  type: "typing";
  ref?: string;
  channel_id: string;
}

/** I stopped typing. */
export interface StopTyping {
  type: "stop_typing";
  ref?: string;
  channel_id: string;
}

/** Somebody is typing; forget it after 8 seconds without another. */
export interface TypingStart {
  type: "typing_start";
  channel_id: string;
  user_id: string;
  username: string;
  display_name: string;
}

/** Somebody stopped typing. */
export interface TypingStop {
  type: "typing_stop";
  channel_id: string;
  user_id: string;
}

/** Join a voice channel; from another tab it moves you. */
export interface VoiceJoin {
  type: "voice_join";
  ref?: string;
  channel_id: string;
  muted?: boolean;
  deafened?: boolean;
}

/** Leave the voice channel you are in. */
export interface VoiceLeave {
  type: "voice_leave";
  ref?: string;
  channel_id?: string;
}

/** The SDP answer to `voice_offer`. */
export interface VoiceAnswer {
  type: "voice_answer";
  ref?: string;
  channel_id: string;
  sdp: string;
}

/** A candidate of yours; the server is ICE-lite and learns addresses from your checks. */
export interface VoiceIceCandidate {
  type: "voice_ice_candidate";
  ref?: string;
  channel_id: string;
  candidate: string;
}

/** Mute yourself; the engine stops forwarding you. */
export interface VoiceMute {
  type: "voice_mute";
  ref?: string;
  channel_id?: string;
}

/** Unmute yourself. */
export interface VoiceUnmute {
  type: "voice_unmute";
  ref?: string;
  channel_id?: string;
}

/** Hear nobody, and be heard by nobody. */
export interface VoiceDeafen {
  type: "voice_deafen";
  ref?: string;
  channel_id?: string;
}

/** Hear again. */
export interface VoiceUndeafen {
  type: "voice_undeafen";
  ref?: string;
  channel_id?: string;
}

/** What you measure: latency and jitter in ms, loss in percent, quality 0 (unknown) to 3 (good). */
export interface VoiceStats {
  type: "voice_stats";
  ref?: string;
  channel_id: string;
  session_id: string;
  latency: number;
  packet_loss: number;
  jitter: number;
  quality: number;
  timestamp: number;
}

/** Somebody's place in voice; `suppressed` when they lack VOICE_SPEAK. */
export interface VoiceState {
  guild_id: string | null;
  channel_id: string | null;
  user_id: string;
  user: User;
  muted: boolean;
  deafened: boolean;
  server_muted: boolean;
  server_deafened: boolean;
  suppressed: boolean;
  connected: boolean;
}

/** Somebody joined, left (`channel_id` null) or changed in a voice channel you may see. */
export interface VoiceStateEvent {
  type: "voice_state";
  guild_id: string | null;
  channel_id: string | null;
  user_id: string;
  user: User;
  muted: boolean;
  deafened: boolean;
  server_muted: boolean;
  server_deafened: boolean;
  suppressed: boolean;
  connected: boolean;
  left_channel_id: string | null;
}

/** The server's only SDP offer for this voice session. */
export interface VoiceOffer {
  type: "voice_offer";
  channel_id: string;
  session_id: string;
  sdp: string;
  ref?: string;
}

/** A candidate of the server's (all of them are in the offer already). */
export interface VoiceIceCandidateEvent {
  type: "voice_ice_candidate";
  channel_id: string;
  candidate: string;
}

/** Your media connection stands: keys are agreed and packets flow. */
export interface VoiceConnected {
  type: "voice_connected";
  channel_id: string;
  session_id: string;
}

/** Your voice session ended: left, moved, kicked, forbidden, timeout, closed, channel_deleted, error. */
export interface VoiceDisconnected {
  type: "voice_disconnected";
  channel_id: string;
  session_id: string;
  reason: string;
}

/** Somebody in the room. */
export interface Participant {
  user_id: string;
  username: string;
  display_name: string;
  muted: boolean;
  deafened: boolean;
  server_muted: boolean;
  server_deafened: boolean;
  suppressed: boolean;
  connected: boolean;
  screen_sharing: boolean;
  webcam_active: boolean;
}

/** The whole room, right after you joined it. */
export interface VoiceRoomState {
  type: "voice_room_state";
  channel_id: string;
  participants: Participant[];
  screen_shares: Record<string, unknown>[];
  webcams: Record<string, unknown>[];
}

/** Who is heard in the media section `mid`; nobody when `user_id` is null. */
export interface Slot {
  mid: string;
  user_id: string | null;
  source: string;
}

/** Who is in which of your media sections; those left out are empty. */
export interface VoiceSlots {
  type: "voice_slots";
  channel_id: string;
  slots: Slot[];
}

/** Somebody joined the room you are in. */
export interface VoiceUserJoined {
  type: "voice_user_joined";
  channel_id: string;
  user_id: string;
  username: string;
  display_name: string;
}

/** Somebody left the room you are in. */
export interface VoiceUserLeft {
  type: "voice_user_left";
  channel_id: string;
  user_id: string;
}

/** Somebody in your room was muted, by themselves or by the server. */
export interface VoiceUserMuted {
  type: "voice_user_muted";
  channel_id: string;
  user_id: string;
}

/** Somebody in your room can be heard again. */
export interface VoiceUserUnmuted {
  type: "voice_user_unmuted";
  channel_id: string;
  user_id: string;
}

/** Somebody in your room started or stopped speaking. */
export interface VoiceSpeaking {
  type: "voice_speaking";
  channel_id: string;
  user_id: string;
  speaking: boolean;
}

/** How well somebody in your room is connected, in the units of `voice_stats`. */
export interface VoiceUserStats {
  type: "voice_user_stats";
  channel_id: string;
  user_id: string;
  latency: number;
  packet_loss: number;
  jitter: number;
  quality: number;
}

/** Your voice session met trouble that no command of yours caused. */
export interface VoiceError {
  type: "voice_error";
  channel_id: string | null;
  code: string;
  message: string;
}

/** GET /.well-known/voicechat. */
export interface Discovery {
  name: string;
  api: string;
  ws: string;
  version: string;
  features: string[];
  auth: Record<string, unknown>;
}

/** GET /health/live and /health/ready: each part and whether it answers. */
export interface Health {
  status: string;
  checks: Record<string, string>;
}

/** GET /api/settings: what a sign-in page needs to know. */
export interface PublicSettings {
  server_name: string;
  registration_policy: string;
  setup_required: boolean;
  setup_token_required: boolean;
  oidc_enabled: boolean;
  auth_methods: Record<string, boolean>;
}

export type AnyEvent =
  | Ready
  | Pong
  | Resumed
  | ResumeFailed
  | Subscribed
  | Unsubscribed
  | Error
  | SessionRevoked
  | UserUpdated
  | GuildCreated
  | GuildUpdated
  | GuildDeleted
  | MemberJoined
  | MemberUpdated
  | MemberLeft
  | RoleCreated
  | RoleUpdated
  | RoleDeleted
  | ChannelCreated
  | ChannelUpdated
  | ChannelDeleted
  | CategoryCreated
  | CategoryUpdated
  | CategoryDeleted
  | ChannelRead
  | MessageNew
  | MessageEdit
  | MessageDelete
  | TypingStart
  | TypingStop
  | VoiceStateEvent
  | VoiceOffer
  | VoiceIceCandidateEvent
  | VoiceConnected
  | VoiceDisconnected
  | VoiceRoomState
  | VoiceSlots
  | VoiceUserJoined
  | VoiceUserLeft
  | VoiceUserMuted
  | VoiceUserUnmuted
  | VoiceSpeaking
  | VoiceUserStats
  | VoiceError;

export type AnyCommand =
  | Ping
  | Resume
  | Subscribe
  | Unsubscribe
  | Typing
  | StopTyping
  | VoiceJoin
  | VoiceLeave
  | VoiceAnswer
  | VoiceIceCandidate
  | VoiceMute
  | VoiceUnmute
  | VoiceDeafen
  | VoiceUndeafen
  | VoiceStats;

export const Permission = {
  SEND_MESSAGES: 1,
  EMBED_LINKS: 2,
  ATTACH_FILES: 4,
  USE_EMOJI: 8,
  ADD_REACTIONS: 16,
  VOICE_CONNECT: 32,
  VOICE_SPEAK: 64,
  VOICE_MUTE_OTHERS: 128,
  VOICE_DEAFEN_OTHERS: 256,
  VOICE_MOVE_MEMBERS: 512,
  MANAGE_MESSAGES: 1024,
  TIMEOUT_MEMBERS: 2048,
  KICK_MEMBERS: 4096,
  BAN_MEMBERS: 8192,
  MANAGE_CHANNELS: 16384,
  MANAGE_ROLES: 32768,
  VIEW_AUDIT_LOG: 65536,
  MANAGE_GUILD: 131072,
  TRANSFER_OWNERSHIP: 262144,
  CREATE_INVITE: 524288,
  MANAGE_INVITES: 1048576,
  MANAGE_PAGES: 2097152,
  SCREEN_SHARE: 4194304,
  MENTION_EVERYONE: 8388608,
  VIEW_CHANNEL: 16777216,
  PIN_MESSAGES: 33554432,
  READ_HISTORY: 67108864,
  MANAGE_WEBHOOKS: 134217728,
  USE_VOICE_ACTIVITY: 268435456,
  PRIORITY_SPEAKER: 536870912,
  USE_VIDEO: 1073741824,
  WHISPER: 2147483648,
  MANAGE_EMOJI: 4294967296,
  MANAGE_THREADS: 8589934592,
} as const;

export interface Refusal {
  error: string;
  message: string;
  details?: Record<string, unknown>;
}
