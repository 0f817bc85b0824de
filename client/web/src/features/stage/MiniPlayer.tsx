/** The watched stream in a corner while one is elsewhere in the client. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import { IconButton } from "../../ui/Button";
import { canPopOut, popOut } from "./popOut";
import { VideoView } from "./VideoView";

export function MiniPlayer(): JSX.Element {
  const { stage, state, view, router, toasts } = useClient();

  const isInRoom = (): boolean => {
    const route = router.route();
    return route.name === "channel" && route.channelId === view.call.channelId;
  };
  const stream = () => {
    const focused = stage.focused();
    return focused && !focused.isOwn && !isInRoom() && stage.poppedOut() !== focused.key ? focused : null;
  };

  function goBack(): void {
    const { channelId } = view.call;
    const guildId = state.channels[channelId ?? ""]?.guild_id;
    if (channelId && guildId) router.go({ name: "channel", guildId, channelId });
  }

  return (
    <Show when={stream()}>
      {(shown) => (
        <aside class="mini-player" aria-label={`Stream of ${shown().name}`} data-region data-testid="mini-player">
          <VideoView stream={shown()} />
          <footer>
            <strong class="truncate">{shown().name}</strong>
            <Show when={shown().hasAudio}>
              <IconButton
                icon={stage.isSilenced(shown().key) ? "volumeOff" : "volume"}
                label={stage.isSilenced(shown().key) ? "Unmute the stream" : "Mute the stream"}
                aria-pressed={stage.isSilenced(shown().key)}
                onClick={() => stage.silence(shown().key, !stage.isSilenced(shown().key))}
              />
            </Show>
            <Show when={canPopOut()}>
              <IconButton
                icon="popOut"
                label="Show in a window of its own"
                onClick={() => void toasts.attempt(() => popOut(stage, shown().key))}
              />
            </Show>
            <IconButton icon="fullscreen" label="Back to the room" onClick={goBack} data-testid="mini-back" />
            <IconButton
              icon="close"
              label="Stop watching"
              onClick={() => (shown().kind === "screen" ? stage.unwatch(shown().key) : stage.focus(null))}
              data-testid="mini-close"
            />
          </footer>
        </aside>
      )}
    </Show>
  );
}
