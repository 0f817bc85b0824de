/** The left edge: a round icon for each server, a pill that tells unread from selected. */
import type { JSX } from "solid-js";
import { For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { guildUnread } from "../../state/selectors";
import { hueOf, initials } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import "./guilds.css";

export function Rail(props: { guildId: Id | null }): JSX.Element {
  const client = useClient();
  return (
    <nav class="rail" aria-label="Servers" data-region>
      <ul>
        <For each={client.state.guildOrder}>{(id) => <RailGuild guildId={id} selected={id === props.guildId} />}</For>
      </ul>
      <button
        type="button"
        class="guild-icon guild-add"
        aria-label="Create or join a server"
        title="Create or join a server"
        onClick={() => client.dialogs.open({ name: "create_guild" })}
        data-testid="rail-add"
      >
        <Icon name="plus" size={24} />
      </button>
    </nav>
  );
}

function RailGuild(props: { guildId: Id; selected: boolean }): JSX.Element {
  const { state, router, preferences, view } = useClient();
  const guild = () => state.guilds[props.guildId];
  const unread = (): number => guildUnread(state, props.guildId);
  const inCall = (): boolean => state.channels[view.call.channelId ?? ""]?.guild_id === props.guildId;
  const label = (): string =>
    `${guild()?.name ?? ""}${unread() ? `, ${unread()} unread` : ""}${inCall() ? ", you are in voice here" : ""}`;
  return (
    <li class="rail-item" classList={{ "is-selected": props.selected, "is-unread": unread() > 0 }}>
      <span class="pill" aria-hidden="true" />
      <button
        type="button"
        class={`guild-icon hue-${hueOf(props.guildId)}`}
        aria-label={label()}
        data-initials={initials(guild()?.name ?? "", 2)}
        aria-current={props.selected ? "page" : undefined}
        title={guild()?.name}
        onClick={() =>
          router.go({
            name: "channel",
            guildId: props.guildId,
            channelId: preferences.lastChannels[props.guildId] ?? null,
          })
        }
        data-testid={`guild-${props.guildId}`}
      >
        <Show when={inCall()}>
          <span class="guild-voice">
            <Icon name="volume" size={13} />
          </span>
        </Show>
      </button>
    </li>
  );
}
