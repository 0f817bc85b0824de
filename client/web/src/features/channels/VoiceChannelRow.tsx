/** A voice channel in the sidebar: one click joins; who is inside stands under it. */
import type { JSX } from "solid-js";
import { For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Channel, Id } from "../../protocol";
import { mayInChannel, voiceIn } from "../../state/selectors";
import { Icon } from "../../ui/Icon";
import { VoicePerson } from "../voice/VoicePerson";
import { ChannelTools } from "./ChannelTools";

export function VoiceChannelRow(props: { channel: Channel; selected: boolean }): JSX.Element {
  const { state, call, view, router } = useClient();
  const people = (): Id[] => voiceIn(state, props.channel.id).map((voice) => voice.user_id);
  const isMine = (): boolean => view.call.channelId === props.channel.id;
  const mayJoin = (): boolean => mayInChannel(state, props.channel.id, "VOICE_CONNECT");
  const limit = (): number | null => props.channel.user_limit;

  /** One click joins; a click on the channel one is in opens its view. */
  function enter(): void {
    if (!isMine() && mayJoin()) call.join(props.channel.id);
    if (props.channel.guild_id)
      router.go({ name: "channel", guildId: props.channel.guild_id, channelId: props.channel.id });
  }

  return (
    <li>
      <div class="channel" classList={{ "is-selected": props.selected, "is-mine": isMine() }}>
        <button
          type="button"
          class="channel-name"
          aria-current={props.selected ? "page" : undefined}
          aria-label={`${props.channel.name}, voice channel, ${people().length} inside${isMine() ? ", you are in it" : ""}${mayJoin() ? "" : ", you may not join"}`}
          onClick={enter}
          data-testid={`voice-channel-${props.channel.name}`}
        >
          <Icon name={mayJoin() ? "speaker" : "lock"} size={18} />
          <span class="truncate">{props.channel.name}</span>
        </button>
        <ChannelTools channel={props.channel} />
        <Show when={limit()}>
          {(most) => (
            <span class="voice-limit numbers" aria-hidden="true">
              {people().length}/{most()}
            </span>
          )}
        </Show>
      </div>
      <Show when={people().length > 0}>
        <ul class="voice-people" aria-label={`In ${props.channel.name}`}>
          <For each={people()}>{(userId) => <VoicePerson userId={userId} channelId={props.channel.id} />}</For>
        </ul>
      </Show>
    </li>
  );
}
