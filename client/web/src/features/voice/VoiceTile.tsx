/** One person of a voice room: their camera, or their picture. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { streamKey, WEBCAM } from "../../protocol";
import { nameOf } from "../../state/selectors";
import { Avatar, hueOf } from "../../ui/Avatar";
import type { Point } from "../../ui/Menu";
import { IconButton } from "../../ui/Button";
import { isMenuKey, menuPoint } from "../../ui/Menu";
import { VideoView } from "../stage/VideoView";
import { ParticipantMenu } from "./ParticipantMenu";
import { voiceWords, VoiceBadges } from "./VoiceBadges";

export function VoiceTile(props: { userId: Id; channelId: Id }): JSX.Element {
  const { state, stage } = useClient();
  const [menu, setMenu] = createSignal<Point | null>(null);
  const voice = () => state.voice[props.userId];
  const name = (): string => nameOf(state, voice()?.guild_id ?? null, props.userId);
  const isSpeaking = (): boolean => state.speaking[props.userId] === true;
  const marks = () => ({ whispering: state.whispering[props.userId], priority: state.priority[props.userId] });

  /** Their camera, unless it is shown large already. */
  const camera = () => {
    const stream = stage.find(streamKey(props.userId, WEBCAM));
    return stream && (stage.mode() === "grid" || stage.focused()?.key !== stream.key) ? stream : undefined;
  };

  return (
    <div class={`voice-tile tile-hue-${hueOf(props.userId)}`} classList={{ "is-speaking": isSpeaking() }}>
      <button
        type="button"
        class="tile-main"
        aria-label={`${name()}${voiceWords(voice(), isSpeaking(), marks())}. Open menu`}
        aria-haspopup="menu"
        data-testid={`voice-tile-${state.users[props.userId]?.username ?? props.userId}`}
        data-speaking={isSpeaking()}
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
        <Show
          when={camera()}
          fallback={
            <Avatar size="large" name={name()} seed={props.userId} url={state.users[props.userId]?.avatar_url} />
          }
        >
          {(stream) => <VideoView stream={stream()} cover />}
        </Show>
        <span class="tile-name">
          <span class="truncate">{name()}</span>
          <VoiceBadges userId={props.userId} size={15} />
          <Show when={voice()?.connected === false}>
            <span class="spinner" aria-hidden="true" />
          </Show>
        </span>
      </button>
      <Show when={camera()}>
        {(stream) => (
          <IconButton
            class="tile-enlarge"
            icon="fullscreen"
            label={`Show ${name()} large`}
            onClick={() => {
              stage.focus(stream().key);
              stage.setMode("spotlight");
            }}
            data-testid="camera-enlarge"
          />
        )}
      </Show>
      <Show when={menu()} keyed>
        {(at) => (
          <ParticipantMenu userId={props.userId} channelId={props.channelId} at={at} onClose={() => setMenu(null)} />
        )}
      </Show>
    </div>
  );
}
