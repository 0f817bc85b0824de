/** The server's name above its channels, and the menu under it. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, PermissionName } from "../../protocol";
import { mayInGuild } from "../../state/selectors";
import { Icon } from "../../ui/Icon";
import type { Point } from "../../ui/Menu";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";

export function GuildHeader(props: { guildId: Id }): JSX.Element {
  const client = useClient();
  const { state, dialogs } = client;
  const [menu, setMenu] = createSignal<Point | null>(null);
  const guild = () => state.guilds[props.guildId];
  const may = (name: PermissionName): boolean => mayInGuild(state, props.guildId, name);
  const isOwner = (): boolean => guild()?.owner_id === state.me?.id;
  const hasSettings = (): boolean =>
    (
      ["MANAGE_GUILD", "MANAGE_ROLES", "KICK_MEMBERS", "BAN_MEMBERS", "TIMEOUT_MEMBERS", "MANAGE_INVITES"] as const
    ).some(may);

  function toggle(click: MouseEvent & { currentTarget: Element }): void {
    const box = click.currentTarget.getBoundingClientRect();
    setMenu(menu() ? null : { x: box.left + 10, y: box.bottom + 4 });
  }

  function choose(act: () => void): () => void {
    return () => {
      setMenu(null);
      act();
    };
  }

  function leave(): void {
    const name = guild()?.name ?? "this server";
    dialogs.open({
      name: "confirm",
      title: `Leave ${name}?`,
      text: "You will need a new invitation to come back.",
      action: "Leave server",
      act: () => client.api.guilds.leave(props.guildId),
    });
  }

  return (
    <>
      <button
        type="button"
        class="guild-head"
        aria-haspopup="menu"
        aria-expanded={menu() !== null}
        onClick={toggle}
        data-testid="guild-menu"
      >
        <span class="truncate">{guild()?.name}</span>
        <Icon name={menu() ? "close" : "chevronDown"} size={18} />
      </button>
      <Show when={menu()} keyed>
        {(at) => (
          <Menu label={guild()?.name ?? "Server"} at={at} onClose={() => setMenu(null)} testid="guild-menu-list">
            <Show when={may("CREATE_INVITE")}>
              <MenuItem
                icon="userPlus"
                onSelect={choose(() => dialogs.open({ name: "invite", guildId: props.guildId, channelId: null }))}
                testid="menu-invite"
              >
                Invite people
              </MenuItem>
            </Show>
            <Show when={hasSettings()}>
              <MenuItem
                icon="settings"
                onSelect={choose(() => dialogs.open({ name: "guild_settings", guildId: props.guildId }))}
                testid="menu-guild-settings"
              >
                Server settings
              </MenuItem>
            </Show>
            <Show when={may("MANAGE_CHANNELS")}>
              <MenuItem
                icon="plus"
                onSelect={choose(() =>
                  dialogs.open({ name: "create_channel", guildId: props.guildId, categoryId: null, kind: "text" }),
                )}
                testid="menu-create-channel"
              >
                Create channel
              </MenuItem>
              <MenuItem
                icon="folderPlus"
                onSelect={choose(() => dialogs.open({ name: "category", guildId: props.guildId, categoryId: null }))}
                testid="menu-create-category"
              >
                Create category
              </MenuItem>
            </Show>
            <Show when={!isOwner()}>
              <MenuLine />
              <MenuItem icon="leave" danger onSelect={choose(leave)} testid="menu-leave">
                Leave server
              </MenuItem>
            </Show>
          </Menu>
        )}
      </Show>
    </>
  );
}
