/** The toasts of the client, in a corner; a screen reader hears them politely. */
import type { JSX } from "solid-js";
import { For } from "solid-js";
import { useClient } from "../../client/context";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";

const ICONS = { info: "info", good: "check", bad: "warning" } as const;

export function Toasts(): JSX.Element {
  const { toasts } = useClient();
  return (
    <div class="toasts" role="status" aria-live="polite">
      <For each={toasts.list()}>
        {(toast) => (
          <div class={`toast toast-${toast.kind}`} data-testid="toast">
            <Icon name={ICONS[toast.kind]} size={18} />
            <span>{toast.text}</span>
            <IconButton icon="close" size={16} label="Dismiss" onClick={() => toasts.dismiss(toast.id)} />
          </div>
        )}
      </For>
    </div>
  );
}
