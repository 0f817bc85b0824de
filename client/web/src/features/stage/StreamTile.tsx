/** A shared screen among the tiles of a room: an invitation to watch it, its picture, or one's own with its end. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { StageStream } from "../../client/createStage";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { LiveTag } from "./LiveTag";
import { VideoView } from "./VideoView";

export function StreamTile(props: { stream: StageStream }): JSX.Element {
  const { stage, state, call } = useClient();
  const isShown = (): boolean => props.stream.isOwn || stage.isWatched(props.stream.key);
  const title = (): string => (props.stream.isOwn ? "Your screen" : `${props.stream.name}’s screen`);

  return (
    <div
      class="voice-tile stream-tile"
      data-testid={`stream-tile-${state.users[props.stream.userId]?.username ?? props.stream.userId}`}
      data-watched={isShown()}
    >
      <Show
        when={isShown()}
        fallback={
          <span class="stream-poster">
            <Icon name="screen" size={34} />
            <span class="truncate stream-label">{props.stream.label}</span>
            <Button onClick={() => stage.watch(props.stream.key)} data-testid="watch-stream">
              Watch stream<span class="offscreen"> of {props.stream.name}</span>
            </Button>
          </span>
        }
      >
        <button
          type="button"
          class="tile-main"
          aria-label={`Show ${title()} large`}
          onClick={() => {
            stage.focus(props.stream.key);
            stage.setMode("spotlight");
          }}
          data-testid="stream-enlarge"
        >
          <VideoView stream={props.stream} />
        </button>
      </Show>
      <span class="tile-name">
        <LiveTag />
        <span class="truncate">{title()}</span>
        <Show when={props.stream.hasAudio}>
          <Icon name="volume" size={15} />
        </Show>
      </span>
      <Show when={props.stream.isOwn}>
        <Button
          class="stream-stop"
          look="danger"
          onClick={() => call.publisher.stop(props.stream.source)}
          data-testid="stream-stop"
        >
          Stop sharing
        </Button>
      </Show>
    </div>
  );
}
