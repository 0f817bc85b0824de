/** A voice room's people and streams: all side by side, or one stream large and the rest in a strip. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { StageStream } from "../../client/createStage";
import type { Id } from "../../protocol";
import { voiceIn } from "../../state/selectors";
import { VoiceTile } from "../voice/VoiceTile";
import { StageMain } from "./StageMain";
import { installStageKeys } from "./stageKeys";
import { StreamTile } from "./StreamTile";

export function RoomStage(props: { channelId: Id }): JSX.Element {
  const { state, view, stage, dialogs } = useClient();
  const [isFullscreen, setFullscreen] = createSignal(false);
  let place!: HTMLDivElement;

  const people = (): Id[] => voiceIn(state, props.channelId).map((voice) => voice.user_id);
  const isHere = (): boolean => view.call.channelId === props.channelId;
  const screens = (): StageStream[] => (isHere() ? stage.streams().filter(({ kind }) => kind === "screen") : []);
  const focused = (): StageStream | null => (isHere() ? stage.focused() : null);
  const large = (): StageStream | null => (stage.mode() === "grid" ? null : focused());
  const isTheater = (): boolean => large() !== null && stage.mode() === "theater";

  function toggleFullscreen(): void {
    // Refused where a page may not: then it stays as large as it is.
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    else void place.requestFullscreen().catch(() => undefined);
  }

  const follow = (): void => void setFullscreen(document.fullscreenElement === place);
  onMount(() => document.addEventListener("fullscreenchange", follow));
  onCleanup(() => {
    document.removeEventListener("fullscreenchange", follow);
    if (isFullscreen()) toggleFullscreen();
    if (stage.mode() === "theater") stage.setMode("spotlight");
  });
  onCleanup(installStageKeys({ stage, stream: focused, isBusy: () => dialogs.current() !== null, toggleFullscreen }));

  // The button that was pressed may be gone with the change: the keyboard goes on in what came instead.
  createEffect(
    on(
      () => large()?.key,
      () => {
        if (document.activeElement === document.body)
          (place.querySelector<HTMLElement>(".stage-main") ?? place).focus();
      },
      { defer: true },
    ),
  );

  const tiles = (): JSX.Element => (
    <>
      <For each={screens().filter(({ key }) => key !== large()?.key)}>{(stream) => <StreamTile stream={stream} />}</For>
      <For each={people()}>{(userId) => <VoiceTile userId={userId} channelId={props.channelId} />}</For>
    </>
  );

  return (
    <div
      ref={place}
      class="stage"
      tabIndex={-1}
      classList={{ "is-theater": isTheater() }}
      data-testid="stage"
      data-large={large()?.key}
    >
      <Show
        when={large()}
        fallback={
          <div class="voice-tiles" data-count={Math.min(people().length + screens().length, 9)}>
            {tiles()}
          </div>
        }
      >
        {(stream) => (
          <>
            <StageMain stream={stream()} isFullscreen={isFullscreen()} onFullscreen={toggleFullscreen} />
            <Show when={!isTheater()}>
              <div class="stage-strip" role="group" aria-label="Others in the room">
                {tiles()}
              </div>
            </Show>
          </>
        )}
      </Show>
    </div>
  );
}
