/** The list of shortcuts, as a dialog; the settings page shows the same list. */
import type { JSX } from "solid-js";
import { For } from "solid-js";
import { useClient } from "../../client/context";
import { Dialog } from "../../ui/Dialog";
import { LOCAL_SHORTCUTS, SHORTCUTS } from "./shortcuts";

const NAMES: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

export function ShortcutList(): JSX.Element {
  return (
    <ul class="shortcut-list">
      <For each={[...SHORTCUTS, ...LOCAL_SHORTCUTS]}>
        {(shortcut) => (
          <li>
            <span>{shortcut.label}</span>
            <span class="keys">
              <For each={shortcut.keys.split("+")}>{(key) => <kbd>{NAMES[key] ?? key}</kbd>}</For>
            </span>
          </li>
        )}
      </For>
    </ul>
  );
}

export function ShortcutsDialog(): JSX.Element {
  const { dialogs } = useClient();
  return (
    <Dialog
      title="Keyboard shortcuts"
      note="On a Mac, Ctrl is Cmd."
      size="medium"
      onClose={dialogs.close}
      testid="shortcuts-dialog"
    >
      <ShortcutList />
    </Dialog>
  );
}
