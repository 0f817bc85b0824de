/** Show the dialog that is open; the big ones are fetched when first needed. */
import type { JSX } from "solid-js";
import { createSignal, lazy, Match, Suspense, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { OpenDialog } from "../../client/dialogs";
import { messageOf } from "../../net/problem";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { FormError } from "../../ui/Field";
import { CategoryDialog } from "../channels/CategoryDialog";
import { CreateChannelDialog } from "../channels/CreateChannelDialog";
import { CreateGuildDialog } from "../guilds/CreateGuildDialog";
import { InviteDialog } from "../invites/InviteDialog";
import { CameraDialog } from "../stage/CameraDialog";
import { ShareDialog } from "../stage/ShareDialog";
import { QuickSwitcher } from "./QuickSwitcher";
import { ShortcutsDialog } from "./ShortcutsDialog";

const SettingsDialog = lazy(() => import("../settings/SettingsDialog"));
const GuildSettingsDialog = lazy(() => import("../guildSettings/GuildSettingsDialog"));
const ChannelSettingsDialog = lazy(() => import("../guildSettings/ChannelSettingsDialog"));

type DialogOf<N extends OpenDialog["name"]> = Extract<OpenDialog, { name: N }>;

export function DialogHost(): JSX.Element {
  const { dialogs } = useClient();
  const open = <N extends OpenDialog["name"]>(name: N): DialogOf<N> | false => {
    const current = dialogs.current();
    return current?.name === name ? (current as DialogOf<N>) : false;
  };
  return (
    <Suspense>
      <Switch>
        <Match when={open("create_guild")}>
          <CreateGuildDialog />
        </Match>
        <Match when={open("invite")} keyed>
          {(dialog) => <InviteDialog guildId={dialog.guildId} channelId={dialog.channelId} />}
        </Match>
        <Match when={open("create_channel")} keyed>
          {(dialog) => (
            <CreateChannelDialog guildId={dialog.guildId} categoryId={dialog.categoryId} kind={dialog.kind} />
          )}
        </Match>
        <Match when={open("category")} keyed>
          {(dialog) => <CategoryDialog guildId={dialog.guildId} categoryId={dialog.categoryId} />}
        </Match>
        <Match when={open("channel_settings")} keyed>
          {(dialog) => <ChannelSettingsDialog channelId={dialog.channelId} page={dialog.page ?? "overview"} />}
        </Match>
        <Match when={open("guild_settings")} keyed>
          {(dialog) => <GuildSettingsDialog guildId={dialog.guildId} page={dialog.page ?? "overview"} />}
        </Match>
        <Match when={open("settings")} keyed>
          {(dialog) => <SettingsDialog page={dialog.page ?? "account"} />}
        </Match>
        <Match when={open("share")}>
          <ShareDialog />
        </Match>
        <Match when={open("camera")}>
          <CameraDialog />
        </Match>
        <Match when={open("shortcuts")}>
          <ShortcutsDialog />
        </Match>
        <Match when={open("switcher")}>
          <QuickSwitcher />
        </Match>
        <Match when={open("confirm")} keyed>
          {(dialog) => <ConfirmDialog dialog={dialog} />}
        </Match>
      </Switch>
    </Suspense>
  );
}

function ConfirmDialog(props: { dialog: DialogOf<"confirm"> }): JSX.Element {
  const { dialogs } = useClient();
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<string | null>(null);

  async function act(): Promise<void> {
    setBusy(true);
    try {
      await props.dialog.act();
      dialogs.close();
    } catch (reason) {
      setError(messageOf(reason));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={props.dialog.title}
      onClose={dialogs.close}
      testid="confirm-dialog"
      actions={
        <>
          <Button look="quiet" autofocus onClick={dialogs.close}>
            Cancel
          </Button>
          <Button look="danger" busy={busy()} onClick={() => void act()} data-testid="confirm-action">
            {props.dialog.action}
          </Button>
        </>
      }
    >
      <p>{props.dialog.text}</p>
      <FormError text={error()} />
    </Dialog>
  );
}
