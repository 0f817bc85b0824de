/** The sign of somebody who shares a screen. */
import type { JSX } from "solid-js";

export function LiveTag(): JSX.Element {
  return <span class="live-tag">LIVE</span>;
}
