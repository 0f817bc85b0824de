/** A text channel in the sidebar. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Channel } from "../../protocol";
import { Icon } from "../../ui/Icon";
import { ChannelTools } from "./ChannelTools";

export function TextChannelRow(props: { channel: Channel; selected: boolean }): JSX.Element {
  const { router } = useClient();
  const unread = (): number => (props.selected ? 0 : props.channel.unread_count);
  return (
    <li class="channel" classList={{ "is-selected": props.selected, "is-unread": unread() > 0 }}>
      <button
        type="button"
        class="channel-name"
        aria-current={props.selected ? "page" : undefined}
        aria-label={`${props.channel.name}, text channel${unread() ? `, ${unread()} unread` : ""}`}
        onClick={() =>
          props.channel.guild_id &&
          router.go({ name: "channel", guildId: props.channel.guild_id, channelId: props.channel.id })
        }
        data-testid={`channel-${props.channel.name}`}
      >
        <Icon name="hash" size={18} />
        <span class="truncate">{props.channel.name}</span>
      </button>
      <ChannelTools channel={props.channel} />
      <Show when={unread()}>{(count) => <span class="badge badge-quiet">{count() > 99 ? "99+" : count()}</span>}</Show>
    </li>
  );
}
