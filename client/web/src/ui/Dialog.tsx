/** A modal dialog on the browser's own <dialog>: focus stays inside, Escape and the backdrop close it. */
import type { JSX } from "solid-js";
import { createUniqueId, onCleanup, onMount, Show } from "solid-js";
import { Portal } from "solid-js/web";
import { IconButton } from "./Button";

export interface DialogProps {
  title: string;
  onClose: () => void;
  children: JSX.Element;
  /** A line under the title. */
  note?: string | undefined;
  /** The row of buttons at the end. */
  actions?: JSX.Element;
  size?: "small" | "medium" | "large" | "full";
  testid?: string;
}

export function Dialog(props: DialogProps): JSX.Element {
  let element!: HTMLDialogElement;
  const titleId = createUniqueId();
  const before = document.activeElement;

  onMount(() => element.showModal());
  onCleanup(() => {
    element.close();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });

  return (
    <Portal>
      <dialog
        ref={element}
        class={`dialog dialog-${props.size ?? "small"}`}
        aria-labelledby={titleId}
        data-testid={props.testid}
        onCancel={(cancelling) => {
          cancelling.preventDefault();
          props.onClose();
        }}
        onMouseDown={(press) => press.target === element && props.onClose()}
      >
        <div class="dialog-body">
          <header class="dialog-head">
            <div>
              <h2 id={titleId}>{props.title}</h2>
              <Show when={props.note}>
                <p class="muted">{props.note}</p>
              </Show>
            </div>
            <IconButton icon="close" label="Close" onClick={() => props.onClose()} data-testid="dialog-close" />
          </header>
          <div class="dialog-content">{props.children}</div>
          <Show when={props.actions}>
            <footer class="dialog-actions">{props.actions}</footer>
          </Show>
        </div>
      </dialog>
    </Portal>
  );
}
