/** The server's routes as typed verbs, by noun. */
import type {
  Ban,
  Bans,
  Category,
  ChangePassword,
  Channel,
  CreateChannel,
  CreateGuild,
  CreateInvite,
  CreateRole,
  EditCategory,
  EditChannel,
  EditGuild,
  EditMe,
  EditMember,
  EditRole,
  Guild,
  Id,
  Invite,
  InvitePreview,
  Invites,
  Joined,
  Login,
  LoginSessions,
  Me,
  Member,
  Members,
  Message,
  Messages,
  MessagesQuery,
  Override,
  Overrides,
  PostMessage,
  PublicSettings,
  PutOverride,
  Register,
  Revoked,
  Role,
  Timeout,
  Tokens,
} from "../protocol";
import type { Http } from "./http";

export type Api = ReturnType<typeof makeApi>;

const enc = encodeURIComponent;

export function makeApi({ request }: Pick<Http, "request">) {
  return {
    server: {
      settings: () => request<PublicSettings>("GET", "/api/settings", { anonymous: true }),
    },
    accounts: {
      login: (body: Login) => request<Tokens>("POST", "/auth/login", { body, anonymous: true }),
      register: (body: Register) => request<Tokens>("POST", "/auth/register", { body, anonymous: true }),
      logout: () => request<undefined>("POST", "/auth/logout", { body: {} }),
      me: () => request<Me>("GET", "/auth/me"),
      edit: (body: EditMe) => request<Me>("PATCH", "/auth/me", { body }),
      changePassword: (body: ChangePassword) => request<unknown>("POST", "/auth/me/password", { body }),
      sessions: () => request<LoginSessions>("GET", "/auth/sessions"),
      revoke: (id: Id) => request<undefined>("DELETE", `/auth/sessions/${id}`),
      revokeOthers: () => request<Revoked>("DELETE", "/auth/sessions"),
    },
    guilds: {
      create: (body: CreateGuild) => request<Guild>("POST", "/api/guilds", { body }),
      edit: (id: Id, body: EditGuild) => request<Guild>("PATCH", `/api/guilds/${id}`, { body }),
      remove: (id: Id) => request<undefined>("DELETE", `/api/guilds/${id}`),
      leave: (id: Id) => request<undefined>("POST", `/api/guilds/${id}/leave`),
    },
    members: {
      list: (guildId: Id, after?: Id) =>
        request<Members>("GET", `/api/guilds/${guildId}/members`, { query: { after, limit: 100 } }),
      edit: (guildId: Id, userId: Id, body: EditMember) =>
        request<Member>("PATCH", `/api/guilds/${guildId}/members/${userId}`, { body }),
      kick: (guildId: Id, userId: Id) => request<undefined>("DELETE", `/api/guilds/${guildId}/members/${userId}`),
      timeout: (guildId: Id, userId: Id, body: Timeout) =>
        request<unknown>("POST", `/api/guilds/${guildId}/members/${userId}/timeout`, { body }),
      endTimeout: (guildId: Id, userId: Id) =>
        request<undefined>("DELETE", `/api/guilds/${guildId}/members/${userId}/timeout`),
      ban: (guildId: Id, userId: Id, body: Ban) =>
        request<unknown>("POST", `/api/guilds/${guildId}/bans/${userId}`, { body }),
      unban: (guildId: Id, userId: Id) => request<undefined>("DELETE", `/api/guilds/${guildId}/bans/${userId}`),
      bans: (guildId: Id) => request<Bans>("GET", `/api/guilds/${guildId}/bans`),
      giveRole: (guildId: Id, userId: Id, roleId: Id) =>
        request<unknown>("POST", `/api/guilds/${guildId}/members/${userId}/roles/${roleId}`),
      takeRole: (guildId: Id, userId: Id, roleId: Id) =>
        request<unknown>("DELETE", `/api/guilds/${guildId}/members/${userId}/roles/${roleId}`),
    },
    roles: {
      create: (guildId: Id, body: CreateRole) => request<Role>("POST", `/api/guilds/${guildId}/roles`, { body }),
      edit: (guildId: Id, id: Id, body: EditRole) =>
        request<Role>("PATCH", `/api/guilds/${guildId}/roles/${id}`, { body }),
      remove: (guildId: Id, id: Id) => request<undefined>("DELETE", `/api/guilds/${guildId}/roles/${id}`),
    },
    channels: {
      create: (body: CreateChannel) => request<Channel>("POST", "/api/channels", { body }),
      edit: (id: Id, body: EditChannel) => request<Channel>("PATCH", `/api/channels/${id}`, { body }),
      remove: (id: Id) => request<undefined>("DELETE", `/api/channels/${id}`),
      read: (id: Id, messageId: Id | null) =>
        request<unknown>("POST", `/api/channels/${id}/read`, { body: { last_read_message_id: messageId } }),
      overrides: (id: Id) => request<Overrides>("GET", `/api/channels/${id}/overrides`),
      putOverride: (id: Id, targetId: Id, body: PutOverride) =>
        request<Override>("PUT", `/api/channels/${id}/overrides/${targetId}`, { body }),
      removeOverride: (id: Id, targetId: Id) =>
        request<undefined>("DELETE", `/api/channels/${id}/overrides/${targetId}`),
    },
    categories: {
      create: (guildId: Id, name: string) =>
        request<Category>("POST", `/api/guilds/${guildId}/categories`, { body: { name } }),
      edit: (guildId: Id, id: Id, body: EditCategory) =>
        request<Category>("PATCH", `/api/guilds/${guildId}/categories/${id}`, { body }),
      remove: (guildId: Id, id: Id) => request<undefined>("DELETE", `/api/guilds/${guildId}/categories/${id}`),
    },
    invites: {
      create: (guildId: Id, body: CreateInvite) => request<Invite>("POST", `/api/guilds/${guildId}/invites`, { body }),
      list: (guildId: Id) => request<Invites>("GET", `/api/guilds/${guildId}/invites`),
      remove: (guildId: Id, code: string) =>
        request<undefined>("DELETE", `/api/guilds/${guildId}/invites/${enc(code)}`),
      preview: (code: string) => request<InvitePreview>("GET", `/api/invites/${enc(code)}`, { anonymous: true }),
      join: (code: string) => request<Joined>("POST", `/api/invites/${enc(code)}/join`),
    },
    messages: {
      list: (channelId: Id, query: MessagesQuery) =>
        request<Messages>("GET", `/api/messages/channel/${channelId}`, { query: { ...withoutNulls(query) } }),
      post: (channelId: Id, body: PostMessage, idempotencyKey: string) =>
        request<Message>("POST", `/api/messages/channel/${channelId}`, { body, idempotencyKey }),
      edit: (id: Id, content: string) => request<Message>("PATCH", `/api/messages/${id}`, { body: { content } }),
      remove: (id: Id) => request<undefined>("DELETE", `/api/messages/${id}`),
    },
  };
}

function withoutNulls(query: MessagesQuery): Record<string, string | number> {
  const pairs = Object.entries(query) as [string, string | number | null | undefined][];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string | number] => pair[1] != null));
}
