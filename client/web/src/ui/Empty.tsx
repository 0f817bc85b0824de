/** What stands where nothing is yet, and what stands there while it is being fetched. */
import type { JSX } from "solid-js";
import { For, Show } from "solid-js";
import type { IconName } from "./Icon";
import { Icon } from "./Icon";

export interface EmptyProps {
  icon: IconName;
  title: string;
  children?: JSX.Element;
  actions?: JSX.Element;
}

export function Empty(props: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={props.icon} size={36} />
      </span>
      <h2>{props.title}</h2>
      <Show when={props.children}>
        <p class="muted">{props.children}</p>
      </Show>
      <Show when={props.actions}>
        <div class="row">{props.actions}</div>
      </Show>
    </div>
  );
}

/** Grey rows in the shape of what is coming. */
export function Skeleton(props: { rows: number; kind: "message" | "row" }): JSX.Element {
  return (
    <div class="skeletons" role="status" aria-label="Loading">
      <For each={Array.from({ length: props.rows })}>
        {() => (
          <div class={`skeleton skeleton-${props.kind}`} aria-hidden="true">
            <span class="bone bone-round" />
            <span class="bones">
              <span class="bone" />
              <Show when={props.kind === "message"}>
                <span class="bone bone-long" />
              </Show>
            </span>
          </div>
        )}
      </For>
    </div>
  );
}
