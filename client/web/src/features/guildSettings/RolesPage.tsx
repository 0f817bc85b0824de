/** Roles: the list by rank, and the one that is open. */
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { guildRoles } from "../../state/selectors";
import { Button } from "../../ui/Button";
import { RoleEditor } from "./RoleEditor";

export function RolesPage(props: { guildId: Id }): JSX.Element {
  const { state, api, toasts } = useClient();
  const roles = () => guildRoles(state, props.guildId);
  const [chosen, setChosen] = createSignal<Id | null>(null);
  const role = () => roles().find((each) => each.id === chosen()) ?? roles()[0];

  const create = (): Promise<boolean> =>
    toasts.attempt(async () => {
      const made = await api.roles.create(props.guildId, { name: "new role" });
      setChosen(made.id);
    });

  return (
    <section class="section">
      <div class="row">
        <h3>Roles</h3>
        <Button class="push-right" look="outline" onClick={() => void create()} data-testid="role-create">
          Create role
        </Button>
      </div>
      <p class="muted">
        A role higher in the list outranks those below it. What any role of a person allows is allowed.
      </p>
      <div class="roles">
        <ul class="role-list" aria-label="Roles">
          <For each={roles()}>
            {(each) => (
              <li>
                <button
                  type="button"
                  class="role-name"
                  aria-current={each.id === role()?.id ? "true" : undefined}
                  onClick={() => setChosen(each.id)}
                  data-testid={`role-${each.name}`}
                >
                  <span class="role-dot" style={{ "background-color": each.color ?? undefined }} />
                  <span class="truncate">{each.is_default ? "@everyone" : each.name}</span>
                </button>
              </li>
            )}
          </For>
        </ul>
        <Show when={role()?.id} keyed>
          {(id) => <RoleEditor guildId={props.guildId} roleId={id} onGone={() => setChosen(null)} />}
        </Show>
      </div>
    </section>
  );
}
