/** The moderator's acts, each with its question and its words. */
import type { Client } from "../../client/createClient";
import type { Id } from "../../protocol";
import { nameOf } from "../../state/selectors";

export interface Moderation {
  toggleRole(guildId: Id, userId: Id, roleId: Id): Promise<boolean>;
  timeout(guildId: Id, userId: Id, minutes: number): void;
  endTimeout(guildId: Id, userId: Id): void;
  kick(guildId: Id, userId: Id): void;
  ban(guildId: Id, userId: Id): void;
}

export function makeModeration({ api, state, dialogs, toasts }: Client): Moderation {
  const name = (guildId: Id, userId: Id): string => nameOf(state, guildId, userId);
  return {
    toggleRole(guildId, userId, roleId) {
      const has = state.members[guildId]?.byId[userId]?.role_ids.includes(roleId) === true;
      return toasts.attempt(() => (has ? api.members.takeRole : api.members.giveRole)(guildId, userId, roleId));
    },

    timeout(guildId, userId, minutes) {
      const until = new Date(Date.now() + minutes * 60_000).toISOString();
      void toasts.attempt(async () => {
        await api.members.timeout(guildId, userId, { until });
        toasts.tell(`${name(guildId, userId)} is in a timeout for ${minutes} minutes.`, "good");
      });
    },

    endTimeout: (guildId, userId) => void toasts.attempt(() => api.members.endTimeout(guildId, userId)),

    kick(guildId, userId) {
      dialogs.open({
        name: "confirm",
        title: `Kick ${name(guildId, userId)}?`,
        text: "They can come back with a new invitation.",
        action: "Kick",
        act: () => api.members.kick(guildId, userId),
      });
    },

    ban(guildId, userId) {
      dialogs.open({
        name: "confirm",
        title: `Ban ${name(guildId, userId)}?`,
        text: "They are removed and cannot come back until the ban is lifted.",
        action: "Ban",
        act: () => api.members.ban(guildId, userId, {}),
      });
    },
  };
}
