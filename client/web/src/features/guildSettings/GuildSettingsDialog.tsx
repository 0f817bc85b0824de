/** The settings of a server; only the pages its reader may use. */
import type { JSX } from "solid-js";
import { createSignal, Match, Show, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { GuildPage } from "../../client/dialogs";
import type { Id, PermissionName } from "../../protocol";
import { mayInGuild } from "../../state/selectors";
import { PagedDialog } from "../../ui/PagedDialog";
import { BansPage } from "./BansPage";
import "./guildSettings.css";
import { InvitesPage } from "./InvitesPage";
import { MembersPage } from "./MembersPage";
import { OverviewPage } from "./OverviewPage";
import { RolesPage } from "./RolesPage";

const PAGES: { id: GuildPage; label: string; needs: PermissionName[] }[] = [
  { id: "overview", label: "Overview", needs: ["MANAGE_GUILD"] },
  { id: "roles", label: "Roles", needs: ["MANAGE_ROLES"] },
  {
    id: "members",
    label: "Members",
    needs: ["MANAGE_ROLES", "KICK_MEMBERS", "BAN_MEMBERS", "TIMEOUT_MEMBERS", "MANAGE_GUILD"],
  },
  { id: "invites", label: "Invites", needs: ["MANAGE_INVITES", "MANAGE_GUILD"] },
  { id: "bans", label: "Bans", needs: ["BAN_MEMBERS"] },
];

export default function GuildSettingsDialog(props: { guildId: Id; page: GuildPage }): JSX.Element {
  const { state, dialogs } = useClient();
  const pages = () => PAGES.filter((page) => page.needs.some((name) => mayInGuild(state, props.guildId, name)));
  // eslint-disable-next-line solid/reactivity -- only where to begin
  const [wanted, setPage] = createSignal(props.page);
  const page = (): GuildPage | undefined => (pages().find((each) => each.id === wanted()) ?? pages()[0])?.id;
  return (
    <Show when={page()}>
      {(current) => (
        <PagedDialog
          title={`Settings of ${state.guilds[props.guildId]?.name ?? ""}`}
          pages={pages()}
          page={current()}
          onPage={setPage}
          onClose={dialogs.close}
          testid="guild-settings-dialog"
        >
          <Switch>
            <Match when={current() === "overview"}>
              <OverviewPage guildId={props.guildId} />
            </Match>
            <Match when={current() === "roles"}>
              <RolesPage guildId={props.guildId} />
            </Match>
            <Match when={current() === "members"}>
              <MembersPage guildId={props.guildId} />
            </Match>
            <Match when={current() === "invites"}>
              <InvitesPage guildId={props.guildId} />
            </Match>
            <Match when={current() === "bans"}>
              <BansPage guildId={props.guildId} />
            </Match>
          </Switch>
        </PagedDialog>
      )}
    </Show>
  );
}
