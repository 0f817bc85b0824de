/** Everybody in the server, with their roles and what may be done. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Member } from "../../protocol";
import { guildRoles, nameOf } from "../../state/selectors";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import type { Point } from "../../ui/Menu";
import { menuPoint } from "../../ui/Menu";
import { MemberMenu } from "../members/MemberMenu";

export function MembersPage(props: { guildId: Id }): JSX.Element {
  const client = useClient();
  const { state } = client;
  const [typed, setTyped] = createSignal("");
  createEffect(() => void client.loadMembers(props.guildId));
  const found = (): Member[] =>
    Object.values(state.members[props.guildId]?.byId ?? {})
      .filter((member) =>
        `${nameOf(state, props.guildId, member.user.id)} ${member.user.username}`
          .toLowerCase()
          .includes(typed().trim().toLowerCase()),
      )
      .sort((left, right) => left.user.username.localeCompare(right.user.username));
  return (
    <section class="section">
      <h3>Members</h3>
      <TextField label="Find a member" type="search" value={typed()} onText={setTyped} />
      <ul>
        <For each={found()} fallback={<li class="muted">Nobody of that name.</li>}>
          {(member) => <Row guildId={props.guildId} member={member} />}
        </For>
      </ul>
    </section>
  );
}

function Row(props: { guildId: Id; member: Member }): JSX.Element {
  const { state } = useClient();
  const [menu, setMenu] = createSignal<Point | null>(null);
  const userId = (): Id => props.member.user.id;
  const roles = () => guildRoles(state, props.guildId).filter((role) => props.member.role_ids.includes(role.id));
  const until = (): string | null =>
    Date.parse(props.member.timed_out_until ?? "") > Date.now()
      ? new Date(props.member.timed_out_until!).toLocaleString()
      : null;
  return (
    <li class="list-row" data-testid={`member-row-${props.member.user.username}`}>
      <Avatar size="small" name={nameOf(state, props.guildId, userId())} seed={userId()} />
      <div class="grow">
        <strong>{nameOf(state, props.guildId, userId())}</strong>{" "}
        <span class="muted">@{props.member.user.username}</span>
        <small>
          {roles()
            .map((role) => role.name)
            .join(", ") || "No roles"}
          <Show when={until()}>{(when) => ` · in a timeout until ${when()}`}</Show>
        </small>
      </div>
      <IconButton
        icon="settings"
        label={`Actions for ${nameOf(state, props.guildId, userId())}`}
        aria-haspopup="menu"
        onClick={(click) => setMenu(menuPoint(click))}
      />
      <Show when={menu()} keyed>
        {(at) => <MemberMenu guildId={props.guildId} userId={userId()} at={at} onClose={() => setMenu(null)} />}
      </Show>
    </li>
  );
}
