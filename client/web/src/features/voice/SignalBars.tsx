/** Four bars that grow and change colour with the quality of the connection. */
import type { JSX } from "solid-js";
import { For } from "solid-js";

export function SignalBars(props: { bars: 0 | 1 | 2 | 3 | 4 }): JSX.Element {
  return (
    <svg class={`signal signal-${props.bars}`} width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
      <For each={[1, 2, 3, 4]}>
        {(bar) => (
          <rect
            x={bar * 4 - 3}
            y={15 - bar * 3}
            width="3"
            height={bar * 3}
            rx="1"
            classList={{ "is-lit": bar <= props.bars }}
          />
        )}
      </For>
    </svg>
  );
}
