/** Who is banned, and why. */
import type { JSX } from "solid-js";
import { createResource, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";

export function BansPage(props: { guildId: Id }): JSX.Element {
  const { api, toasts } = useClient();
  const [bans, { refetch }] = createResource(
    () => props.guildId,
    (guildId) => api.members.bans(guildId).then((answer) => answer.items),
  );
  return (
    <section class="section">
      <h3>Bans</h3>
      <Show when={!bans.error} fallback={<p class="muted">The bans could not be loaded.</p>}>
        <Show when={bans()} fallback={<Skeleton rows={3} kind="row" />}>
          {(all) => (
            <ul>
              <For each={all()} fallback={<li class="muted">Nobody is banned.</li>}>
                {(ban) => (
                  <li class="list-row">
                    <Avatar size="small" name={ban.user.display_name} seed={ban.user.id} />
                    <div class="grow">
                      <strong>{ban.user.display_name}</strong> <span class="muted">@{ban.user.username}</span>
                      <small>{ban.reason ?? "No reason given"}</small>
                    </div>
                    <Button
                      look="outline"
                      onClick={() =>
                        void toasts.attempt(() => api.members.unban(props.guildId, ban.user.id)).then(() => refetch())
                      }
                    >
                      Lift ban
                    </Button>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Show>
      </Show>
    </section>
  );
}
