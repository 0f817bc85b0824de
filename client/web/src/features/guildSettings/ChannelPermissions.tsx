/** What roles and single members may do differently in a channel: allow, deny, or as elsewhere. */
import type { JSX } from "solid-js";
import { createMemo, createResource, createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Override, PutOverride } from "../../protocol";
import { guildRoles, nameOf } from "../../state/selectors";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";
import { Choice } from "../../ui/Field";
import { OverrideEditor } from "./OverrideEditor";

export interface Target {
  id: Id;
  type: "role" | "member";
  label: string;
}

export function ChannelPermissions(props: { channelId: Id }): JSX.Element {
  const { state, api, toasts } = useClient();
  const guildId = (): Id => state.channels[props.channelId]?.guild_id ?? "";
  const [overrides, { refetch }] = createResource(
    () => props.channelId,
    (id) => api.channels.overrides(id).then((answer) => answer.items),
  );
  const [added, setAdded] = createSignal<Target[]>([]);
  const [chosen, setChosen] = createSignal<Id | null>(null);

  const everyTarget = createMemo<Target[]>(() => [
    ...guildRoles(state, guildId()).map((role) => ({
      id: role.id,
      type: "role" as const,
      label: role.is_default ? "@everyone" : role.name,
    })),
    ...Object.values(state.members[guildId()]?.byId ?? {}).map(({ user }) => ({
      id: user.id,
      type: "member" as const,
      label: nameOf(state, guildId(), user.id),
    })),
  ]);
  /** @everyone always, then who has an override, then who was just added. */
  const targets = (): Target[] => {
    const everyone = Object.values(state.roles).find((role) => role.guild_id === guildId() && role.is_default)?.id;
    const shown = new Set([
      everyone,
      ...(overrides() ?? []).map((each) => each.target_id),
      ...added().map((each) => each.id),
    ]);
    return everyTarget().filter((target) => shown.has(target.id));
  };
  const free = () => everyTarget().filter((target) => !targets().some((each) => each.id === target.id));
  const target = (): Target | undefined => targets().find((each) => each.id === chosen()) ?? targets().at(-1);
  const overrideOf = (id: Id): Override | undefined => (overrides() ?? []).find((each) => each.target_id === id);

  async function save(id: Id, body: PutOverride): Promise<void> {
    const isNeutral = body.allow === 0 && body.deny === 0;
    await toasts.attempt(() =>
      isNeutral
        ? api.channels.removeOverride(props.channelId, id)
        : api.channels.putOverride(props.channelId, id, body),
    );
    await refetch();
  }

  return (
    <section class="section">
      <h3>Permissions</h3>
      <p class="muted">Here a role or a member can be given more, or less, than in the rest of the server.</p>
      <Show
        when={!overrides.error}
        fallback={
          <Button look="outline" onClick={() => void refetch()}>
            Loading failed. Try again
          </Button>
        }
      >
        <Show when={overrides.latest} fallback={<Skeleton rows={4} kind="row" />}>
          <div class="roles">
            <div>
              <ul class="role-list" aria-label="Roles and members">
                <For each={targets()}>
                  {(each) => (
                    <li>
                      <button
                        type="button"
                        class="role-name"
                        aria-current={each.id === target()?.id ? "true" : undefined}
                        onClick={() => setChosen(each.id)}
                        data-testid={`override-${each.label}`}
                      >
                        <span class="truncate">{each.label}</span>
                      </button>
                    </li>
                  )}
                </For>
              </ul>
              <Show when={free().length > 0}>
                <Choice
                  label="Add"
                  value=""
                  options={[
                    { value: "", label: "Role or member…" },
                    ...free().map(({ id, type, label }) => ({
                      value: id,
                      label: type === "role" ? `Role: ${label}` : label,
                    })),
                  ]}
                  onChoose={(id) => {
                    setAdded((all) => [...all, ...free().filter((each) => each.id === id)]);
                    setChosen(id);
                  }}
                  testid="override-add"
                />
              </Show>
            </div>
            <Show when={target()} keyed>
              {(each) => (
                <OverrideEditor
                  target={each}
                  override={overrideOf(each.id)}
                  kind={state.channels[props.channelId]?.channel_type === "voice" ? "voice" : "text"}
                  onSave={(body) => save(each.id, body)}
                />
              )}
            </Show>
          </div>
        </Show>
      </Show>
    </section>
  );
}
