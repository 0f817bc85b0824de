/** The channels of a server, under their categories, with the people in voice. */
import type { JSX } from "solid-js";
import { For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Channel, Id } from "../../protocol";
import type { ChannelGroup } from "../../state/selectors";
import { channelGroups, mayInGuild } from "../../state/selectors";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { GuildHeader } from "../guilds/GuildHeader";
import { TextChannelRow } from "./TextChannelRow";
import { VoiceChannelRow } from "./VoiceChannelRow";
import "./channels.css";

export function Sidebar(props: { guildId: Id; channelId: Id | null }): JSX.Element {
  const { state } = useClient();
  const groups = (): ChannelGroup[] => channelGroups(state, props.guildId);
  return (
    <nav class="sidebar" aria-label="Channels" data-region>
      <GuildHeader guildId={props.guildId} />
      <div class="channel-list">
        <For each={groups().map((group) => group.id)}>
          {(id) => (
            <Show when={groups().find((group) => group.id === id)}>
              {(group) => <Group guildId={props.guildId} group={group()} channelId={props.channelId} />}
            </Show>
          )}
        </For>
      </div>
    </nav>
  );
}

function Group(props: { guildId: Id; group: ChannelGroup; channelId: Id | null }): JSX.Element {
  const { preferences } = useClient();
  const isCollapsed = (): boolean => props.group.id !== null && preferences.collapsed[props.group.id] === true;
  /** A collapsed category still shows where one is and what is unread. */
  const shown = (): Id[] =>
    props.group.channels
      .filter((channel) => !isCollapsed() || channel.id === props.channelId || channel.unread_count > 0)
      .map((channel) => channel.id);
  return (
    <section class="channel-group">
      <Show when={props.group.id}>
        {(id) => <GroupHead guildId={props.guildId} id={id()} name={props.group.name} collapsed={isCollapsed()} />}
      </Show>
      <ul>
        <For each={shown()}>
          {(id) => (
            <Row
              channel={props.group.channels.find((channel) => channel.id === id)}
              selected={id === props.channelId}
            />
          )}
        </For>
      </ul>
    </section>
  );
}

function Row(props: { channel: Channel | undefined; selected: boolean }): JSX.Element {
  return (
    <Show when={props.channel}>
      {(channel) => (
        <Show
          when={channel().channel_type === "voice"}
          fallback={<TextChannelRow channel={channel()} selected={props.selected} />}
        >
          <VoiceChannelRow channel={channel()} selected={props.selected} />
        </Show>
      )}
    </Show>
  );
}

function GroupHead(props: { guildId: Id; id: Id; name: string; collapsed: boolean }): JSX.Element {
  const { state, preferences, setPreferences, dialogs } = useClient();
  const mayManage = (): boolean => mayInGuild(state, props.guildId, "MANAGE_CHANNELS");
  return (
    <header
      class="group-head"
      onContextMenu={(asking) => {
        if (!mayManage()) return;
        asking.preventDefault();
        dialogs.open({ name: "category", guildId: props.guildId, categoryId: props.id });
      }}
    >
      <button
        type="button"
        class="group-name"
        aria-expanded={!props.collapsed}
        onClick={() => setPreferences({ collapsed: { ...preferences.collapsed, [props.id]: !props.collapsed } })}
      >
        <Icon name={props.collapsed ? "chevronRight" : "chevronDown"} size={12} />
        <span class="truncate">{props.name}</span>
      </button>
      <Show when={mayManage()}>
        <IconButton
          icon="edit"
          size={14}
          class="on-hover"
          label={`Edit category ${props.name}`}
          onClick={() => dialogs.open({ name: "category", guildId: props.guildId, categoryId: props.id })}
        />
        <IconButton
          icon="plus"
          size={16}
          label={`Create channel in ${props.name}`}
          onClick={() =>
            dialogs.open({ name: "create_channel", guildId: props.guildId, categoryId: props.id, kind: "text" })
          }
        />
      </Show>
    </header>
  );
}
