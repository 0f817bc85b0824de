/** The people of a server, by their highest role. */
import type { JSX } from "solid-js";
import { createMemo, createSignal, For, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Member } from "../../protocol";
import { colorOf, guildRoles, nameOf } from "../../state/selectors";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";
import { Icon } from "../../ui/Icon";
import type { Point } from "../../ui/Menu";
import { isMenuKey, menuPoint } from "../../ui/Menu";
import { MemberMenu } from "./MemberMenu";
import "./members.css";

interface MemberGroup {
  id: Id;
  name: string;
  members: Member[];
}

export function MemberList(props: { guildId: Id }): JSX.Element {
  const client = useClient();
  const { state } = client;
  const list = () => state.members[props.guildId];

  const groups = createMemo<MemberGroup[]>(() => {
    const byName = (left: Member, right: Member): number =>
      nameOf(state, props.guildId, left.user.id).localeCompare(nameOf(state, props.guildId, right.user.id));
    const roles = guildRoles(state, props.guildId).filter((role) => !role.is_default);
    const groupOf = (member: Member): Id => roles.find((role) => member.role_ids.includes(role.id))?.id ?? "";
    const members = Object.values(list()?.byId ?? {}).sort(byName);
    return [...roles.map(({ id, name }) => ({ id, name })), { id: "", name: "Members" }]
      .map((group) => ({ ...group, members: members.filter((member) => groupOf(member) === group.id) }))
      .filter((group) => group.members.length > 0);
  });

  return (
    <aside class="members" aria-label="Members" data-region data-testid="member-list">
      <Show
        when={list()?.load === "ready" || groups().some((group) => group.members.length > 1)}
        fallback={<Waiting guildId={props.guildId} failed={list()?.load === "failed"} />}
      >
        <For each={groups()}>
          {(group) => (
            <section>
              <h2 class="caps">
                {group.name} — {group.members.length}
              </h2>
              <ul>
                <For each={group.members.map((member) => member.user.id)}>
                  {(userId) => <MemberRow guildId={props.guildId} userId={userId} />}
                </For>
              </ul>
            </section>
          )}
        </For>
      </Show>
    </aside>
  );
}

function Waiting(props: { guildId: Id; failed: boolean }): JSX.Element {
  const client = useClient();
  return (
    <Show when={props.failed} fallback={<Skeleton rows={6} kind="row" />}>
      <p class="muted">The members could not be loaded.</p>
      <Button look="outline" onClick={() => void client.loadMembers(props.guildId)}>
        Try again
      </Button>
    </Show>
  );
}

function MemberRow(props: { guildId: Id; userId: Id }): JSX.Element {
  const { state } = useClient();
  const [menu, setMenu] = createSignal<Point | null>(null);
  const name = (): string => nameOf(state, props.guildId, props.userId);
  const isOwner = (): boolean => state.guilds[props.guildId]?.owner_id === props.userId;
  const isInVoice = (): boolean => state.voice[props.userId]?.guild_id === props.guildId;
  return (
    <li>
      <button
        type="button"
        class="member"
        aria-haspopup="menu"
        aria-label={`${name()}${isOwner() ? ", owner" : ""}${isInVoice() ? ", in voice" : ""}`}
        data-testid={`member-${state.users[props.userId]?.username ?? props.userId}`}
        onClick={(click) => setMenu(menuPoint(click))}
        onContextMenu={(asking) => {
          asking.preventDefault();
          setMenu(menuPoint(asking));
        }}
        onKeyDown={(press) => {
          if (!isMenuKey(press)) return;
          press.preventDefault();
          setMenu(menuPoint(press));
        }}
      >
        <Avatar
          size="small"
          name={name()}
          seed={props.userId}
          url={state.users[props.userId]?.avatar_url}
          speaking={state.speaking[props.userId] === true}
        />
        <span class="truncate" style={{ color: colorOf(state, props.guildId, props.userId) ?? undefined }}>
          {name()}
        </span>
        <Show when={isOwner()}>
          <span class="member-sign" title="Owner">
            <Icon name="crown" size={14} />
          </span>
        </Show>
        <Show when={isInVoice()}>
          <span class="member-sign" title="In voice">
            <Icon name="volume" size={14} />
          </span>
        </Show>
      </button>
      <Show when={menu()} keyed>
        {(at) => <MemberMenu guildId={props.guildId} userId={props.userId} at={at} onClose={() => setMenu(null)} />}
      </Show>
    </li>
  );
}
