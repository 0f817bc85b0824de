/** A person under their voice channel: speaking ring, badges, and a menu by right click or key. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { nameOf } from "../../state/selectors";
import { Avatar } from "../../ui/Avatar";
import type { Point } from "../../ui/Menu";
import { isMenuKey, menuPoint } from "../../ui/Menu";
import { ParticipantMenu } from "./ParticipantMenu";
import { voiceWords, VoiceBadges } from "./VoiceBadges";
import "./voice.css";

export function VoicePerson(props: { userId: Id; channelId: Id }): JSX.Element {
  const { state } = useClient();
  const [menu, setMenu] = createSignal<Point | null>(null);
  const voice = () => state.voice[props.userId];
  const guildId = (): Id | null => state.channels[props.channelId]?.guild_id ?? null;
  const name = (): string => nameOf(state, guildId(), props.userId);
  const isSpeaking = (): boolean => state.speaking[props.userId] === true;
  const marks = () => ({ whispering: state.whispering[props.userId], priority: state.priority[props.userId] });

  return (
    <li>
      <button
        type="button"
        class="voice-person"
        classList={{ "is-speaking": isSpeaking(), "is-connecting": voice()?.connected === false }}
        aria-label={`${name()}${voiceWords(voice(), isSpeaking(), marks())}. Open menu`}
        aria-haspopup="menu"
        data-testid={`voice-person-${state.users[props.userId]?.username ?? props.userId}`}
        data-speaking={isSpeaking()}
        data-muted={voice()?.muted}
        onClick={(click) => setMenu(menuPoint(click))}
        onContextMenu={(asking) => {
          asking.preventDefault();
          setMenu(menuPoint(asking));
        }}
        onKeyDown={(press) => {
          if (!isMenuKey(press)) return;
          press.preventDefault();
          setMenu(menuPoint(press));
        }}
      >
        <Avatar
          size="tiny"
          name={name()}
          seed={props.userId}
          url={state.users[props.userId]?.avatar_url}
          speaking={isSpeaking()}
        />
        <span class="truncate">{name()}</span>
        <VoiceBadges userId={props.userId} />
      </button>
      <Show when={menu()} keyed>
        {(at) => (
          <ParticipantMenu userId={props.userId} channelId={props.channelId} at={at} onClose={() => setMenu(null)} />
        )}
      </Show>
    </li>
  );
}
