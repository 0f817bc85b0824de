/** The small buttons that appear on a channel under the pointer or the focus. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Channel } from "../../protocol";
import { mayInChannel } from "../../state/selectors";
import { IconButton } from "../../ui/Button";

export function ChannelTools(props: { channel: Channel }): JSX.Element {
  const { state, dialogs } = useClient();
  const may = (name: "CREATE_INVITE" | "MANAGE_CHANNELS" | "MANAGE_ROLES"): boolean =>
    mayInChannel(state, props.channel.id, name);
  return (
    <span class="channel-tools">
      <Show when={may("CREATE_INVITE")}>
        <IconButton
          icon="userPlus"
          size={16}
          label={`Invite people to ${props.channel.name}`}
          onClick={() =>
            dialogs.open({ name: "invite", guildId: props.channel.guild_id ?? "", channelId: props.channel.id })
          }
        />
      </Show>
      <Show when={may("MANAGE_CHANNELS") || may("MANAGE_ROLES")}>
        <IconButton
          icon="settings"
          size={16}
          label={`Settings of ${props.channel.name}`}
          onClick={() => dialogs.open({ name: "channel_settings", channelId: props.channel.id })}
          data-testid={`channel-settings-${props.channel.name}`}
        />
      </Show>
    </span>
  );
}
