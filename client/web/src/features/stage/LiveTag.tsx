/**
 * The sign of somebody who shares a screen.
 *
 * The word is drawn by the style sheet: whatever holds the sign says the same in a name of its own.
 */
import type { JSX } from "solid-js";

export function LiveTag(): JSX.Element {
  return <span class="live-tag" aria-hidden="true" data-testid="live-tag" />;
}
