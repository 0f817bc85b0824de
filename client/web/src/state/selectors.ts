/** Questions asked of the state by more than one view; all pure. */
import type { Channel, Id, Member, PermissionName, Role, VoiceState } from "../protocol";
import { hasBit, Permission } from "../protocol";
import type { AppState } from "./model";

const ALL_BITS = Object.values(Permission).reduce((sum, bit) => sum + bit, 0);

export interface ChannelGroup {
  id: Id | null;
  name: string;
  channels: Channel[];
}

/** Text before voice, then by position, then by age. */
function channelOrder(left: Channel, right: Channel): number {
  const kind = (channel: Channel): number => (channel.channel_type === "voice" ? 1 : 0);
  return kind(left) - kind(right) || left.position - right.position || (left.id < right.id ? -1 : 1);
}

/** The sidebar of a guild: channels without a category first, then each category. */
export function channelGroups(state: AppState, guildId: Id): ChannelGroup[] {
  const channels = Object.values(state.channels)
    .filter((channel) => channel.guild_id === guildId)
    .sort(channelOrder);
  const categories = Object.values(state.categories)
    .filter((category) => category.guild_id === guildId)
    .sort((left, right) => left.position - right.position || (left.id < right.id ? -1 : 1));
  const loose = channels.filter((channel) => !categories.some((category) => category.id === channel.category_id));
  return [
    { id: null, name: "", channels: loose },
    ...categories.map((category) => ({
      id: category.id,
      name: category.name,
      channels: channels.filter((channel) => channel.category_id === category.id),
    })),
  ];
}

export function guildChannels(state: AppState, guildId: Id): Channel[] {
  return channelGroups(state, guildId).flatMap((group) => group.channels);
}

export function guildRoles(state: AppState, guildId: Id): Role[] {
  return Object.values(state.roles)
    .filter((role) => role.guild_id === guildId)
    .sort((left, right) => right.position - left.position);
}

/** Everything unread in a guild. */
export function guildUnread(state: AppState, guildId: Id): number {
  return Object.values(state.channels).reduce(
    (sum, channel) => sum + (channel.guild_id === guildId ? channel.unread_count : 0),
    0,
  );
}

export function myMember(state: AppState, guildId: Id): Member | undefined {
  return state.me ? state.members[guildId]?.byId[state.me.id] : undefined;
}

/** My bits guild-wide: the owner all, otherwise @everyone's and those of my roles; none that matter in a timeout. */
export function guildBits(state: AppState, guildId: Id, now: number = Date.now()): number {
  const guild = state.guilds[guildId];
  if (!guild) return 0;
  if (guild.owner_id === state.me?.id) return ALL_BITS;
  const member = myMember(state, guildId);
  if (member?.timed_out_until && Date.parse(member.timed_out_until) > now)
    return Permission.VIEW_CHANNEL + Permission.READ_HISTORY;
  const mine = guildRoles(state, guildId).filter((role) => role.is_default || member?.role_ids.includes(role.id));
  return mine.reduce((bits, role) => union(bits, role.permissions), 0);
}

function union(left: number, right: number): number {
  return Number(BigInt(left) | BigInt(right));
}

export function mayInGuild(state: AppState, guildId: Id, name: PermissionName): boolean {
  return hasBit(guildBits(state, guildId), name);
}

export function mayInChannel(state: AppState, channelId: Id, name: PermissionName): boolean {
  return hasBit(state.channels[channelId]?.my_permissions ?? 0, name);
}

/** The highest position among a member's roles; the owner stands above all. */
export function rankOf(state: AppState, guildId: Id, userId: Id): number {
  if (state.guilds[guildId]?.owner_id === userId) return Number.MAX_SAFE_INTEGER;
  const roleIds = state.members[guildId]?.byId[userId]?.role_ids ?? [];
  return Math.max(0, ...roleIds.map((id) => state.roles[id]?.position ?? 0));
}

/** Whether I may act on this member with `name`: I hold the bit and stand above them. */
export function mayActOn(state: AppState, guildId: Id, userId: Id, name: PermissionName): boolean {
  const me = state.me?.id;
  if (!me || me === userId || !mayInGuild(state, guildId, name)) return false;
  return rankOf(state, guildId, me) > rankOf(state, guildId, userId);
}

/** The name a guild knows somebody by. */
export function nameOf(state: AppState, guildId: Id | null, userId: Id | null | undefined): string {
  if (!userId) return "Deleted user";
  const nickname = guildId ? state.members[guildId]?.byId[userId]?.nickname : null;
  return nickname ?? state.users[userId]?.display_name ?? state.users[userId]?.username ?? "Unknown user";
}

/** The colour of a member's highest coloured role. */
export function colorOf(state: AppState, guildId: Id | null, userId: Id | null | undefined): string | null {
  if (!guildId || !userId) return null;
  const roleIds = state.members[guildId]?.byId[userId]?.role_ids ?? [];
  const coloured = roleIds
    .map((id) => state.roles[id])
    .filter((role): role is Role => role?.color != null)
    .sort((left, right) => right.position - left.position);
  return coloured[0]?.color ?? null;
}

/** Who is in a voice channel, by name. */
export function voiceIn(state: AppState, channelId: Id): VoiceState[] {
  const guildId = state.channels[channelId]?.guild_id ?? null;
  return Object.values(state.voice)
    .filter((voice) => voice.channel_id === channelId)
    .sort((left, right) => nameOf(state, guildId, left.user_id).localeCompare(nameOf(state, guildId, right.user_id)));
}

/** Whether somebody is to be turned down, for a priority speaker speaks and they are none. */
export function isDucked(state: AppState, userId: Id): boolean {
  return !state.priority[userId] && isPrioritySpeaking(state);
}

export function isPrioritySpeaking(state: AppState): boolean {
  return Object.keys(state.priority).some((id) => state.priority[id] && state.speaking[id] && id !== state.me?.id);
}

/** Whether the others cannot hear somebody, for whatever reason. */
export function isQuiet(
  voice: Pick<VoiceState, "muted" | "deafened" | "server_muted" | "server_deafened" | "suppressed">,
): boolean {
  return voice.muted || voice.deafened || voice.server_muted || voice.server_deafened || voice.suppressed;
}
