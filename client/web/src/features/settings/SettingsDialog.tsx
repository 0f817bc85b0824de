/** A person's own settings. */
import type { JSX } from "solid-js";
import { createSignal, Match, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { SettingsPage } from "../../client/dialogs";
import { PagedDialog } from "../../ui/PagedDialog";
import { ShortcutList } from "../shell/ShortcutsDialog";
import { AccountPage } from "./AccountPage";
import { AppearancePage } from "./AppearancePage";
import "./settings.css";
import { VoicePage } from "./VoicePage";

const PAGES: { id: SettingsPage; label: string }[] = [
  { id: "account", label: "My account" },
  { id: "voice", label: "Voice & video" },
  { id: "appearance", label: "Appearance" },
  { id: "keybinds", label: "Keybinds" },
];

export default function SettingsDialog(props: { page: SettingsPage }): JSX.Element {
  const client = useClient();
  // eslint-disable-next-line solid/reactivity -- only where to begin
  const [page, setPage] = createSignal(props.page);
  return (
    <PagedDialog
      title="Settings"
      pages={PAGES}
      page={page()}
      onPage={setPage}
      onClose={client.dialogs.close}
      testid="settings-dialog"
      foot={
        <button type="button" class="push-down danger-text" onClick={() => void client.logout()} data-testid="logout">
          Log out
        </button>
      }
    >
      <Switch>
        <Match when={page() === "account"}>
          <AccountPage />
        </Match>
        <Match when={page() === "voice"}>
          <VoicePage />
        </Match>
        <Match when={page() === "appearance"}>
          <AppearancePage />
        </Match>
        <Match when={page() === "keybinds"}>
          <section class="section">
            <h3>Keybinds</h3>
            <ShortcutList />
          </section>
        </Match>
      </Switch>
    </PagedDialog>
  );
}
