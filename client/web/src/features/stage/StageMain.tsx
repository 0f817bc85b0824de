/** The stream shown large, with its bar. */
import type { JSX } from "solid-js";
import { createSignal, onCleanup, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { StageStream } from "../../client/createStage";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { StreamBar } from "./StreamBar";
import { StreamStats } from "./StreamStats";
import { VideoView } from "./VideoView";

/** How long the bar stays over a picture that fills the window after the pointer rests. */
const AWAKE_MS = 2_500;

export interface StageMainProps {
  stream: StageStream;
  isFullscreen: boolean;
  onFullscreen: () => void;
}

export function StageMain(props: StageMainProps): JSX.Element {
  const { stage } = useClient();
  const [hasStats, setStats] = createSignal(false);
  const [isAwake, setAwake] = createSignal(true);
  let sleeping: ReturnType<typeof setTimeout> | undefined;

  function wake(): void {
    setAwake(true);
    clearTimeout(sleeping);
    sleeping = setTimeout(() => setAwake(false), AWAKE_MS);
  }

  onMount(wake);
  onCleanup(() => clearTimeout(sleeping));

  return (
    <section
      class="stage-main"
      tabIndex={-1}
      classList={{ "is-awake": isAwake() }}
      aria-label={`${props.stream.name}, ${props.stream.kind === "screen" ? "shared screen" : "camera"}`}
      data-testid="stage-main"
      onPointerMove={wake}
      onFocusIn={wake}
    >
      <Show
        when={stage.poppedOut() !== props.stream.key}
        fallback={
          <Empty
            icon="popOut"
            title="Shown in its own window"
            actions={
              <Button look="outline" onClick={() => stage.setPoppedOut(null)} data-testid="pop-in">
                Bring it back
              </Button>
            }
          />
        }
      >
        <VideoView stream={props.stream} />
      </Show>
      <Show when={hasStats()}>
        <StreamStats stream={props.stream} />
      </Show>
      <StreamBar
        stream={props.stream}
        isFullscreen={props.isFullscreen}
        onFullscreen={() => props.onFullscreen()}
        hasStats={hasStats()}
        onStats={() => setStats(!hasStats())}
      />
    </section>
  );
}
