/** A small moving picture of something captured here, before or beside what the others see. */
import type { JSX } from "solid-js";
import { createEffect } from "solid-js";
import "./stage.css";

export function LivePreview(props: { stream: MediaStream | null; mirrored?: boolean; label?: string }): JSX.Element {
  let video!: HTMLVideoElement;
  createEffect(() => {
    video.srcObject = props.stream;
  });
  return (
    <video
      ref={video}
      class="live-preview"
      classList={{ "is-mirrored": props.mirrored === true }}
      autoplay
      playsinline
      muted
      aria-label={props.label ?? "Preview"}
    />
  );
}
