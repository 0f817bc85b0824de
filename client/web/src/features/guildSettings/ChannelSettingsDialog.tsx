/** The settings of a channel. */
import type { JSX } from "solid-js";
import { createSignal, Match, Show, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { ChannelPage } from "../../client/dialogs";
import type { Id } from "../../protocol";
import { mayInChannel } from "../../state/selectors";
import { PagedDialog } from "../../ui/PagedDialog";
import { ChannelOverview } from "./ChannelOverview";
import { ChannelPermissions } from "./ChannelPermissions";
import "./guildSettings.css";

const PAGES: { id: ChannelPage; label: string; needs: "MANAGE_CHANNELS" | "MANAGE_ROLES" }[] = [
  { id: "overview", label: "Overview", needs: "MANAGE_CHANNELS" },
  { id: "permissions", label: "Permissions", needs: "MANAGE_ROLES" },
];

export default function ChannelSettingsDialog(props: { channelId: Id; page: ChannelPage }): JSX.Element {
  const { state, dialogs } = useClient();
  const pages = () => PAGES.filter((page) => mayInChannel(state, props.channelId, page.needs));
  // eslint-disable-next-line solid/reactivity -- only where to begin
  const [wanted, setPage] = createSignal(props.page);
  const page = (): ChannelPage | undefined => (pages().find((each) => each.id === wanted()) ?? pages()[0])?.id;
  return (
    <Show when={page()}>
      {(current) => (
        <PagedDialog
          title={`Settings of ${state.channels[props.channelId]?.name ?? ""}`}
          pages={pages()}
          page={current()}
          onPage={setPage}
          onClose={dialogs.close}
          testid="channel-settings-dialog"
        >
          <Switch>
            <Match when={current() === "overview"}>
              <ChannelOverview channelId={props.channelId} />
            </Match>
            <Match when={current() === "permissions"}>
              <ChannelPermissions channelId={props.channelId} />
            </Match>
          </Switch>
        </PagedDialog>
      )}
    </Show>
  );
}
