/** The invitations that are open. */
import type { JSX } from "solid-js";
import { createResource, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Invite } from "../../protocol";
import { nameOf } from "../../state/selectors";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";

export function InvitesPage(props: { guildId: Id }): JSX.Element {
  const { state, api, toasts, dialogs } = useClient();
  const [invites, { refetch }] = createResource(
    () => props.guildId,
    (guildId) => api.invites.list(guildId).then((answer) => answer.items),
  );
  const words = (invite: Invite): string => {
    const ends = invite.expires_at ? `ends ${new Date(invite.expires_at).toLocaleString()}` : "never ends";
    return `${invite.uses}${invite.max_uses === null ? "" : ` of ${invite.max_uses}`} uses · ${ends} · by ${nameOf(state, props.guildId, invite.created_by)}`;
  };
  return (
    <section class="section">
      <div class="row">
        <h3>Invites</h3>
        <Button
          class="push-right"
          look="outline"
          onClick={() => dialogs.open({ name: "invite", guildId: props.guildId, channelId: null })}
        >
          Create invite
        </Button>
      </div>
      <Show when={!invites.error} fallback={<p class="muted">The invitations could not be loaded.</p>}>
        <Show when={invites()} fallback={<Skeleton rows={3} kind="row" />}>
          {(all) => (
            <ul>
              <For each={all()} fallback={<li class="muted">No invitation is open.</li>}>
                {(invite) => (
                  <li class="list-row">
                    <div class="grow">
                      <strong>{invite.code}</strong>
                      <small>{words(invite)}</small>
                    </div>
                    <Button
                      look="outline"
                      onClick={() =>
                        void toasts.attempt(() => api.invites.remove(props.guildId, invite.code)).then(() => refetch())
                      }
                    >
                      End
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
