/** A text channel in the centre: header, messages, composer, members. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, on, onCleanup, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { MemberList } from "../members/MemberList";
import { Composer } from "./Composer";
import { createPageFocus } from "./createPageFocus";
import { MessageList } from "./MessageList";
import "./messages.css";
import { TypingLine } from "./TypingLine";

export function ChatView(props: { channelId: Id }): JSX.Element {
  const client = useClient();
  const { state, dispatch, messages, preferences, setPreferences } = client;
  const [replyTo, setReplyTo] = createSignal<Id | null>(null);
  const [editing, setEditing] = createSignal<Id | null>(null);
  const [atEnd, setAtEnd] = createSignal(true);
  const isFocused = createPageFocus();
  const channel = () => state.channels[props.channelId];
  const timeline = () => state.timelines[props.channelId];

  onMount(() => {
    const opened = channel();
    if (opened && opened.unread_count > 0)
      dispatch({ type: "local_divider", channel_id: props.channelId, after: opened.last_read_message_id ?? "" });
  });

  createEffect(() => {
    const load = timeline()?.load ?? "idle";
    if (load === "idle" || (load === "ready" && timeline()?.stale)) void messages.loadLatest(props.channelId);
  });

  // Being in the server's member list is needed for names and colours, whether the list is shown or not.
  createEffect(() => {
    const guildId = channel()?.guild_id;
    if (guildId && state.connection.phase === "ready" && (state.members[guildId]?.load ?? "idle") === "idle")
      void client.loadMembers(guildId);
  });

  createEffect(
    on([isFocused, atEnd, () => channel()?.last_message_id], ([focused, end]) => {
      const isSeen = focused && end;
      if (!isSeen && state.viewing === props.channelId) markNews();
      dispatch({ type: "local_viewing", channel_id: isSeen ? props.channelId : null });
      if (isSeen) messages.markRead(props.channelId);
    }),
  );

  /** Looking away: what comes from now on is new. */
  function markNews(): void {
    const last = channel()?.last_message_id;
    if (last && !state.dividers[props.channelId])
      dispatch({ type: "local_divider", channel_id: props.channelId, after: last });
  }

  onCleanup(() => {
    dispatch({ type: "local_viewing", channel_id: null });
    dispatch({ type: "local_divider", channel_id: props.channelId, after: null });
    dispatch({ type: "local_history_left", channel_id: props.channelId });
  });

  return (
    <main class="centre chat" data-testid="chat">
      <header class="centre-head" data-region>
        <Icon name="hash" />
        <h1 class="truncate" data-testid="channel-title">
          {channel()?.name}
        </h1>
        <Show when={channel()?.topic}>
          {(topic) => (
            <span class="topic truncate" title={topic()}>
              {topic()}
            </span>
          )}
        </Show>
        <span class="spacer" />
        <IconButton
          icon="search"
          label="Find a channel (Ctrl+K)"
          onClick={() => client.dialogs.open({ name: "switcher" })}
        />
        <IconButton
          icon="users"
          label={preferences.showMembers ? "Hide members (Ctrl+U)" : "Show members (Ctrl+U)"}
          aria-pressed={preferences.showMembers}
          onClick={() => setPreferences({ showMembers: !preferences.showMembers })}
          data-testid="toggle-members"
        />
      </header>
      <div class="chat-body">
        <section class="chat-column" aria-label={`Messages in ${channel()?.name ?? ""}`}>
          <MessageList
            channelId={props.channelId}
            editing={editing()}
            onEdit={setEditing}
            onReply={setReplyTo}
            onAtEnd={setAtEnd}
          />
          <Composer channelId={props.channelId} replyTo={replyTo()} onReply={setReplyTo} onEdit={setEditing} />
          <TypingLine channelId={props.channelId} />
        </section>
        <Show when={preferences.showMembers && channel()?.guild_id}>
          {(guildId) => <MemberList guildId={guildId()} />}
        </Show>
      </div>
    </main>
  );
}
