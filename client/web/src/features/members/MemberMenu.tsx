/** What one may do with a member: mention, roles, timeout, kick, ban. */
import type { JSX } from "solid-js";
import { For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { guildRoles, mayActOn, mayInGuild, nameOf, rankOf } from "../../state/selectors";
import { copyText } from "../../ui/clipboard";
import type { Point } from "../../ui/Menu";
import { Menu, MenuItem, MenuLine, MenuTitle } from "../../ui/Menu";
import { makeModeration } from "./moderation";

export interface MemberMenuProps {
  guildId: Id;
  userId: Id;
  at: Point;
  onClose: () => void;
}

export function MemberMenu(props: MemberMenuProps): JSX.Element {
  const client = useClient();
  const { state } = client;
  const name = (): string => nameOf(state, props.guildId, props.userId);
  const member = () => state.members[props.guildId]?.byId[props.userId];
  const moderation = makeModeration(client);
  const may = (bit: "TIMEOUT_MEMBERS" | "KICK_MEMBERS" | "BAN_MEMBERS"): boolean =>
    mayActOn(state, props.guildId, props.userId, bit);
  const isTimedOut = (): boolean => Date.parse(member()?.timed_out_until ?? "") > Date.now();

  /** Roles below my own that I may give or take. */
  const roles = () => {
    const rank = rankOf(state, props.guildId, state.me?.id ?? "");
    if (!mayInGuild(state, props.guildId, "MANAGE_ROLES")) return [];
    return guildRoles(state, props.guildId).filter((role) => !role.is_default && role.position < rank);
  };

  /** Most acts close the menu first. */
  function closed(act: () => void): void {
    props.onClose();
    act();
  }

  return (
    <Menu label={name()} at={props.at} onClose={() => props.onClose()} testid="member-menu">
      <MenuTitle>
        {name()} <span class="muted">@{state.users[props.userId]?.username}</span>
      </MenuTitle>
      <MenuItem
        icon="copy"
        onSelect={() => closed(() => void copyText(`@${state.users[props.userId]?.username ?? ""}`))}
      >
        Copy mention
      </MenuItem>
      <Show when={roles().length > 0}>
        <MenuLine />
        <For each={roles()}>
          {(role) => (
            <MenuItem
              checked={member()?.role_ids.includes(role.id) === true}
              onSelect={() => void moderation.toggleRole(props.guildId, props.userId, role.id)}
            >
              {role.name}
            </MenuItem>
          )}
        </For>
      </Show>
      <Show when={may("TIMEOUT_MEMBERS") || may("KICK_MEMBERS") || may("BAN_MEMBERS")}>
        <MenuLine />
      </Show>
      <Show when={may("TIMEOUT_MEMBERS")}>
        <Show
          when={isTimedOut()}
          fallback={
            <MenuItem onSelect={() => closed(() => moderation.timeout(props.guildId, props.userId, 10))}>
              Time out for 10 minutes
            </MenuItem>
          }
        >
          <MenuItem onSelect={() => closed(() => moderation.endTimeout(props.guildId, props.userId))}>
            End the timeout
          </MenuItem>
        </Show>
      </Show>
      <Show when={may("KICK_MEMBERS")}>
        <MenuItem
          danger
          icon="leave"
          onSelect={() => closed(() => moderation.kick(props.guildId, props.userId))}
          testid="member-kick"
        >
          Kick
        </MenuItem>
      </Show>
      <Show when={may("BAN_MEMBERS")}>
        <MenuItem
          danger
          icon="shield"
          onSelect={() => closed(() => moderation.ban(props.guildId, props.userId))}
          testid="member-ban"
        >
          Ban
        </MenuItem>
      </Show>
    </Menu>
  );
}
