/** The messages of a channel: one tab stop, arrows move, history loads at the top, the end is one click away. */
import type { JSX } from "solid-js";
import { createEffect, createMemo, createSignal, For, on, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { Id, Message } from "../../protocol";
import type { PendingMessage } from "../../state/model";
import { Icon } from "../../ui/Icon";
import { createScroll } from "./createScroll";
import { HistoryTop } from "./HistoryTop";
import { MessageItem } from "./MessageItem";
import { PendingItem } from "./PendingItem";
import type { Row } from "./rows";
import { keepRows, layOut } from "./rows";
import { dayWords } from "./times";

export interface MessageListProps {
  channelId: Id;
  editing: Id | null;
  onEdit: (id: Id | null) => void;
  onReply: (id: Id | null) => void;
  onAtEnd: (atEnd: boolean) => void;
}

export function MessageList(props: MessageListProps): JSX.Element {
  const { state, messages, view, toasts } = useClient();
  let scroller!: HTMLDivElement;
  let list!: HTMLDivElement;
  const [atEnd, setAtEnd] = createSignal(true);
  const timeline = () => state.timelines[props.channelId];
  const items = (): Message[] => timeline()?.items ?? [];
  const pending = (): PendingMessage[] => timeline()?.pending ?? [];
  const byId = createMemo(() => new Map(items().map((message) => [message.id, message])));
  const rows = createMemo<Row[]>(
    (before) =>
      keepRows(before, layOut(items(), pending(), state.me?.id ?? null, state.dividers[props.channelId] ?? null)),
    [],
  );
  const names = createMemo(() => {
    const guildId = state.channels[props.channelId]?.guild_id ?? "";
    return new Set(Object.values(state.members[guildId]?.byId ?? {}).map((member) => member.user.username));
  });
  const newCount = (): number => state.channels[props.channelId]?.unread_count ?? 0;

  const scroll = createScroll({
    onAtEnd: (end) => {
      setAtEnd(end);
      props.onAtEnd(end);
    },
    onNearStart: () => void messages.loadOlder(props.channelId),
    onNearEnd: () => void messages.loadNewer(props.channelId),
    hasNewer: () => timeline()?.hasNewer === true,
  });
  onMount(() => scroll.attach(scroller, list));
  createEffect(on(rows, scroll.restore));
  // One's own message brings one back to the end.
  createEffect(
    on(
      () => pending().length,
      (count, before) => count > (before ?? 0) && scroll.toEnd(),
    ),
  );

  function move(press: KeyboardEvent): void {
    if (press.target instanceof HTMLTextAreaElement || press.target instanceof HTMLButtonElement) return;
    const all = [...list.querySelectorAll<HTMLElement>("[data-message]")];
    const at = all.findIndex((row) => row === document.activeElement);
    const to: Partial<Record<string, number>> = {
      ArrowUp: at === -1 ? all.length - 1 : Math.max(0, at - 1),
      ArrowDown: at === -1 ? all.length - 1 : Math.min(all.length - 1, at + 1),
      Home: 0,
      End: all.length - 1,
    };
    const target = to[press.key];
    if (press.key === "Escape") document.querySelector<HTMLElement>("#composer")?.focus();
    else if (target === undefined || press.altKey || press.ctrlKey) return;
    else {
      all[target]?.focus();
      all[target]?.scrollIntoView({ block: "nearest" });
    }
    press.preventDefault();
  }

  async function fetchAround(id: Id): Promise<boolean> {
    try {
      if (await messages.loadAround(props.channelId, id)) return true;
      toasts.tell("That message is gone.");
    } catch (reason) {
      toasts.tell(messageOf(reason), "bad");
    }
    return false;
  }

  async function jumpTo(id: Id): Promise<void> {
    if (!byId().has(id) && !(await fetchAround(id))) return;
    const row = list.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`);
    row?.scrollIntoView({ block: "center" });
    row?.focus({ preventScroll: true });
  }

  async function toPresent(): Promise<void> {
    if (timeline()?.hasNewer) await messages.loadLatest(props.channelId);
    scroll.toEnd();
  }

  return (
    <div class="messages-frame">
      <div ref={scroller} class="messages" data-testid="messages">
        <div
          ref={list}
          class="log"
          role="log"
          aria-label="Messages"
          aria-live={view.call.channelId ? "off" : "polite"}
          tabIndex={0}
          data-region
          onKeyDown={move}
        >
          <HistoryTop channelId={props.channelId} />
          <For each={rows()}>
            {(row) => (
              <>
                <Show when={row.day}>
                  {(day) => (
                    <div class="day-line" role="separator">
                      {dayWords(day())}
                    </div>
                  )}
                </Show>
                <Show when={row.isFirstNew}>
                  <div class="new-line" role="separator" data-testid="new-divider">
                    <span>New</span>
                  </div>
                </Show>
                <Show
                  when={row.pending}
                  fallback={
                    <Show when={byId().get(row.id)}>
                      {(message) => (
                        <MessageItem
                          {...props}
                          isName={(name) => names().has(name)}
                          message={message()}
                          head={row.head}
                          onJump={(id) => void jumpTo(id)}
                          repliedTo={byId().get(message().reply_to ?? "")}
                        />
                      )}
                    </Show>
                  }
                >
                  <Show when={pending().find((each) => each.nonce === row.id)}>
                    {(each) => <PendingItem channelId={props.channelId} pending={each()} head={row.head} />}
                  </Show>
                </Show>
              </>
            )}
          </For>
        </div>
      </div>
      <Show when={!atEnd()}>
        <button type="button" class="jump" onClick={() => void toPresent()} data-testid="jump-to-present">
          {newCount() > 0 ? `${newCount()} new` : "Jump to present"}
          <Icon name="arrowDown" size={16} />
        </button>
      </Show>
    </div>
  );
}
