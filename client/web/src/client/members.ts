/** Load the people of a guild, page by page. */
import type { Api } from "../net/api";
import type { Id } from "../protocol";
import type { AppStore } from "../state/store";

/** Load the members of a guild once; again only after a failure or a fresh start. */
export async function loadMembers(api: Api, { state, dispatch }: AppStore, guildId: Id): Promise<void> {
  const load = state.members[guildId]?.load ?? "idle";
  if (load === "loading" || load === "ready") return;
  dispatch({ type: "local_members_loading", guild_id: guildId });
  try {
    let after: Id | undefined;
    for (;;) {
      const page = await api.members.list(guildId, after);
      const last = page.items.at(-1)?.user.id;
      const complete = !page.has_more || last === undefined;
      dispatch({ type: "local_members", guild_id: guildId, members: page.items, complete });
      if (complete) return;
      after = last;
    }
  } catch {
    dispatch({ type: "local_members_failed", guild_id: guildId });
  }
}
