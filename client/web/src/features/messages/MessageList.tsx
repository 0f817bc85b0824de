/** The messages of a channel: one tab stop, arrows move, history loads at the top, the end is one click away. */
import type { JSX } from "solid-js";
import { createEffect, createMemo, createSignal, For, Match, on, onMount, Show, Switch } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Message } from "../../protocol";
import type { PendingMessage } from "../../state/model";
import { Button } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { Icon } from "../../ui/Icon";
import { createScroll } from "./createScroll";
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
  const { state, messages, view } = useClient();
  let scroller!: HTMLDivElement;
  let list!: HTMLOListElement;
  const [atEnd, setAtEnd] = createSignal(true);
  const timeline = () => state.timelines[props.channelId];
  const items = (): Message[] => timeline()?.items ?? [];
  const pending = (): PendingMessage[] => timeline()?.pending ?? [];
  const byId = createMemo(() => new Map(items().map((message) => [message.id, message])));
  const rows = createMemo<Row[]>(
    (before) => keepRows(before, layOut(items(), pending(), state.me?.id ?? null, state.dividers[props.channelId] ?? null)),
    [],
  );
  const newCount = (): number => state.channels[props.channelId]?.unread_count ?? 0;

  const scroll = createScroll({
    onAtEnd: (end) => {
      setAtEnd(end);
      props.onAtEnd(end);
    },
    onNearStart: () => void messages.loadOlder(props.channelId),
  });
  onMount(() => scroll.attach(scroller, list));
  createEffect(on(rows, scroll.restore));
  // One's own message brings one back to the end.
  createEffect(on(() => pending().length, (count, before) => count > (before ?? 0) && scroll.toEnd()));

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

  function jumpTo(id: Id): void {
    const row = list.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`);
    row?.scrollIntoView({ block: "center" });
    row?.focus();
  }

  return (
    <div class="messages-frame">
      <div ref={scroller} class="messages" data-testid="messages">
        <ol ref={list} role="log" aria-label="Messages" aria-live={view.call.channelId ? "off" : "polite"} tabIndex={0} data-region onKeyDown={move}>
          <Switch>
            <Match when={items().length === 0 && (timeline()?.load ?? "idle") !== "ready" && timeline()?.load !== "failed"}>
              <li>
                <Skeleton rows={7} kind="message" />
              </li>
            </Match>
            <Match when={timeline()?.load === "failed"}>
              <li class="load-failed">
                <Icon name="warning" /> The messages could not be loaded.
                <Button look="outline" onClick={() => void messages.loadLatest(props.channelId)}>
                  Try again
                </Button>
              </li>
            </Match>
            <Match when={timeline()?.hasOlder}>
              <li class="loading-older">
                <Show when={timeline()?.loadingOlder}>
                  <Skeleton rows={3} kind="message" />
                </Show>
              </li>
            </Match>
            <Match when={true}>
              <Beginning channelId={props.channelId} />
            </Match>
          </Switch>
          <For each={rows()}>
            {(row) => (
              <>
                <Show when={row.day}>{(day) => <li class="day-line" role="separator">{dayWords(day())}</li>}</Show>
                <Show when={row.isFirstNew}>
                  <li class="new-line" role="separator" data-testid="new-divider">
                    <span>New</span>
                  </li>
                </Show>
                <Show when={row.pending} fallback={<Show when={byId().get(row.id)}>{(message) => <MessageItem {...props} message={message()} head={row.head} onJump={jumpTo} repliedTo={byId().get(message().reply_to ?? "")} />}</Show>}>
                  <Show when={pending().find((each) => each.nonce === row.id)}>{(each) => <PendingItem channelId={props.channelId} pending={each()} head={row.head} />}</Show>
                </Show>
              </>
            )}
          </For>
        </ol>
      </div>
      <Show when={!atEnd()}>
        <button type="button" class="jump" onClick={() => scroll.toEnd()} data-testid="jump-to-present">
          {newCount() > 0 ? `${newCount()} new` : "Jump to present"}
          <Icon name="arrowDown" size={16} />
        </button>
      </Show>
    </div>
  );
}

function Beginning(props: { channelId: Id }): JSX.Element {
  const { state } = useClient();
  return (
    <li class="beginning">
      <Empty icon="hash" title={`Welcome to #${state.channels[props.channelId]?.name ?? ""}`}>
        This is where the channel begins.
      </Empty>
    </li>
  );
}
