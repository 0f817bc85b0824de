/** A voice channel in the sidebar: one click joins; who is inside stands under it. */
import type { JSX } from "solid-js";
import { createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Channel, Id } from "../../protocol";
import { mayInChannel, voiceIn } from "../../state/selectors";
import { Icon } from "../../ui/Icon";
import type { Point } from "../../ui/Menu";
import { isMenuKey, Menu, MenuItem, menuPoint } from "../../ui/Menu";
import { VoicePerson } from "../voice/VoicePerson";
import { ChannelTools } from "./ChannelTools";

export function VoiceChannelRow(props: { channel: Channel; selected: boolean }): JSX.Element {
  const { state, call, view, router, send } = useClient();
  const [menu, setMenu] = createSignal<Point | null>(null);
  const people = (): Id[] => voiceIn(state, props.channel.id).map((voice) => voice.user_id);
  const isMine = (): boolean => view.call.channelId === props.channel.id;
  const mayJoin = (): boolean => mayInChannel(state, props.channel.id, "VOICE_CONNECT");
  const limit = (): number | null => props.channel.user_limit;

  const isHeard = (): boolean => state.listening.includes(props.channel.id);
  const listeners = (): number => (isMine() ? (state.listeners[props.channel.id]?.length ?? 0) : 0);
  const mayListen = (): boolean =>
    view.call.phase === "connected" &&
    !isMine() &&
    state.channels[view.call.channelId ?? ""]?.guild_id === props.channel.guild_id;

  function toggleListening(): void {
    setMenu(null);
    send({ type: isHeard() ? "voice_listen_stop" : "voice_listen", channel_id: props.channel.id });
  }

  function openMenu(asking: MouseEvent | KeyboardEvent): void {
    if (!mayListen()) return;
    asking.preventDefault();
    setMenu(menuPoint(asking));
  }

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
          aria-label={`${props.channel.name}, voice channel, ${people().length} inside${isMine() ? ", you are in it" : ""}${isHeard() ? ", you listen in" : ""}${mayJoin() ? "" : ", you may not join"}`}
          onClick={enter}
          onContextMenu={openMenu}
          onKeyDown={(press) => isMenuKey(press) && openMenu(press)}
          data-testid={`voice-channel-${props.channel.name}`}
        >
          <Icon name={mayJoin() ? "speaker" : "lock"} size={18} />
          <span class="truncate">{props.channel.name}</span>
          <Show when={isHeard()}>
            <Icon name="headphones" size={15} />
          </Show>
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
      <Show when={menu()} keyed>
        {(at) => (
          <Menu label={props.channel.name} at={at} onClose={() => setMenu(null)} testid="voice-channel-menu">
            <MenuItem checked={isHeard()} onSelect={toggleListening} testid="listen-in">
              Listen in from where I am
            </MenuItem>
          </Menu>
        )}
      </Show>
      <Show when={listeners() > 0}>
        <p class="voice-listeners" data-testid="voice-listeners">
          {listeners() === 1 ? "1 person listens in" : `${listeners()} people listen in`}
        </p>
      </Show>
      <Show when={people().length > 0}>
        <ul class="voice-people" aria-label={`In ${props.channel.name}`}>
          <For each={people()}>{(userId) => <VoicePerson userId={userId} channelId={props.channel.id} />}</For>
        </ul>
      </Show>
    </li>
  );
}
