/** Guilds, roles and members. */
import type { GuildSnapshot, Id, Member, User } from "../protocol";
import { forgetChannel, placeChannel } from "./channels";
import type { AppState, MemberList } from "./model";
import { emptyState } from "./model";
import type { Reducers } from "./reducers";

export function learnUser(state: AppState, user: User | null): void {
  if (user) state.users[user.id] = user;
}

function memberList(state: AppState, guildId: Id): MemberList {
  return (state.members[guildId] ??= { byId: {}, load: "idle" });
}

function putMember(state: AppState, guildId: Id, member: Member): void {
  learnUser(state, member.user);
  memberList(state, guildId).byId[member.user.id] = member;
}

function putGuild(state: AppState, snapshot: GuildSnapshot): void {
  const { guild } = snapshot;
  if (!state.guildOrder.includes(guild.id)) state.guildOrder.push(guild.id);
  state.guilds[guild.id] = guild;
  for (const role of snapshot.roles) state.roles[role.id] = role;
  for (const category of snapshot.categories) state.categories[category.id] = category;
  for (const channel of snapshot.channels) placeChannel(state, channel);
  for (const voice of snapshot.voice_states) {
    learnUser(state, voice.user);
    state.voice[voice.user_id] = voice;
  }
  putMember(state, guild.id, snapshot.me);
}

function forgetGuild(state: AppState, guildId: Id): void {
  state.guildOrder = state.guildOrder.filter((id) => id !== guildId);
  delete state.guilds[guildId];
  delete state.members[guildId];
  for (const role of Object.values(state.roles)) if (role.guild_id === guildId) delete state.roles[role.id];
  for (const category of Object.values(state.categories))
    if (category.guild_id === guildId) delete state.categories[category.id];
  for (const channel of Object.values(state.channels))
    if (channel.guild_id === guildId) forgetChannel(state, channel.id);
  for (const voice of Object.values(state.voice)) if (voice.guild_id === guildId) delete state.voice[voice.user_id];
}

export const guildReducers: Reducers = {
  /** All is told anew; what was loaded besides (history, members) stays on screen but must be fetched again. */
  ready(state, event) {
    const { timelines, connection, viewing, dividers } = state;
    const fresh = emptyState();
    Object.assign(state, fresh, { timelines, viewing, dividers, me: event.user });
    state.connection = {
      ...connection,
      wasReady: true,
      serverName: event.server_name,
      serverVersion: event.server_version,
    };
    const { id, username, display_name, avatar_url } = event.user;
    learnUser(state, { id, username, display_name, avatar_url });
    for (const snapshot of event.guilds) putGuild(state, snapshot);
    for (const [channelId, timeline] of Object.entries(timelines)) {
      if (state.channels[channelId]) timeline.stale = true;
      else delete state.timelines[channelId];
    }
  },

  guild_created: (state, event) => putGuild(state, event.guild),

  guild_updated(state, event) {
    const guild = state.guilds[event.guild_id];
    if (!guild) return;
    const { name, description, icon_url, owner_id } = event;
    Object.assign(guild, { name, description, icon_url, owner_id });
  },

  guild_deleted: (state, event) => forgetGuild(state, event.guild_id),

  role_created(state, event) {
    state.roles[event.role.id] = event.role;
  },

  role_updated(state, event) {
    state.roles[event.role.id] = event.role;
  },

  role_deleted(state, event) {
    delete state.roles[event.role_id];
    for (const member of Object.values(state.members[event.guild_id]?.byId ?? {}))
      member.role_ids = member.role_ids.filter((id) => id !== event.role_id);
  },

  member_joined(state, event) {
    const guild = state.guilds[event.guild_id];
    const isNew = !state.members[event.guild_id]?.byId[event.member.user.id];
    if (guild && isNew) guild.member_count += 1;
    putMember(state, event.guild_id, event.member);
  },

  member_updated: (state, event) => putMember(state, event.guild_id, event.member),

  member_left(state, event) {
    const guild = state.guilds[event.guild_id];
    if (guild) guild.member_count = Math.max(0, guild.member_count - 1);
    delete state.members[event.guild_id]?.byId[event.user_id];
  },

  local_members_loading(state, event) {
    memberList(state, event.guild_id).load = "loading";
  },

  local_members(state, event) {
    for (const member of event.members) putMember(state, event.guild_id, member);
    if (event.complete) memberList(state, event.guild_id).load = "ready";
  },

  local_members_failed(state, event) {
    memberList(state, event.guild_id).load = "failed";
  },
};
