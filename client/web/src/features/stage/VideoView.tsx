/** One stream's picture, wherever it is shown; tells the stage how large that is, so that no more is sent. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, on, onCleanup, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { StageStream } from "../../client/createStage";
import { Icon } from "../../ui/Icon";
import "./stage.css";
import type { VideoFacts, VideoState } from "./videoWords";
import { isFlowing, VIDEO_WORDS, videoState } from "./videoWords";

/** How long a picture may stand still, or a stream take to come, before that is given a reason. */
const MOMENT_MS = 1_500;
const LONG_MS = 6_000;

export interface VideoViewProps {
  stream: StageStream;
  /** In a window of its own. */
  isDetached?: boolean;
  /** Fill the place and cut the edges, as for faces; otherwise all of it is shown. */
  cover?: boolean;
}

export function VideoView(props: VideoViewProps): JSX.Element {
  const { state, stage, view } = useClient();
  const [hasFrame, setHasFrame] = createSignal(false);
  const [still, setStill] = createSignal<VideoFacts["still"]>("no");
  let video!: HTMLVideoElement;

  const picture = (): MediaStream | null => stage.videoOf(props.stream.key);
  const facts = () => ({
    isOwn: props.stream.isOwn,
    hasSection: picture() !== null,
    hasSpareSection: view.videos.hasSpare,
    hasFrame: hasFrame(),
    sent: state.layers[props.stream.key],
  });
  const status = (): VideoState => videoState({ ...facts(), still: still() });

  createEffect(() => {
    const next = picture();
    if (video.srcObject === next) return;
    video.srcObject = next;
    setHasFrame(false);
    // Muted video plays without a click everywhere; one that is taken away meanwhile need not.
    if (next) void video.play().catch(() => undefined);
  });

  createEffect(
    on([() => props.stream.key, () => isFlowing(facts())], ([, flows]) => {
      setStill("no");
      if (flows) return;
      const timers = [setTimeout(setStill, MOMENT_MS, "moment"), setTimeout(setStill, LONG_MS, "long")];
      onCleanup(() => timers.forEach(clearTimeout));
    }),
  );

  // The place stays while the stream in it may change.
  createEffect(
    on([() => props.stream.key, () => props.isDetached === true], ([key, isDetached]) => {
      const put = stage.addView(key, { height: 0, isVisible: true, isDetached });
      onCleanup(watchPlace(video, isDetached, put));
    }),
  );

  return (
    <span
      class="video-view"
      classList={{
        "is-cover": props.cover === true,
        "is-mirrored": props.stream.isOwn && props.stream.kind === "webcam",
      }}
      data-testid="video-view"
      data-state={status()}
    >
      <video
        ref={video}
        autoplay
        playsinline
        muted
        disablepictureinpicture
        aria-hidden="true"
        onLoadedData={() => setHasFrame(true)}
      />
      <Show when={status() !== "playing"}>
        <span class="video-veil" data-testid="video-veil">
          <Show when={status() === "loading"} fallback={<Icon name={status() === "paused" ? "gauge" : "screenOff"} />}>
            <span class="spinner" aria-hidden="true" />
          </Show>
          <span data-words={VIDEO_WORDS[status()]} />
        </span>
      </Show>
    </span>
  );
}

type PutView = ReturnType<ReturnType<typeof useClient>["stage"]["addView"]>;

/** Report the element's size and whether it is scrolled into sight, until the answer is called. */
function watchPlace(element: HTMLElement, isDetached: boolean, put: PutView): () => void {
  let isVisible = true;
  // The window the element is in, which may not be the page's.
  const place = element.ownerDocument.defaultView ?? window;
  const tell = (): void =>
    put({ height: Math.round(element.clientHeight * place.devicePixelRatio), isVisible, isDetached });
  const sizes = new ResizeObserver(tell);
  const sights = new IntersectionObserver((entries) => {
    isVisible = entries.at(-1)?.isIntersecting ?? true;
    tell();
  });
  sizes.observe(element);
  if (!isDetached) sights.observe(element);
  return () => {
    sizes.disconnect();
    sights.disconnect();
    put(null);
  };
}
