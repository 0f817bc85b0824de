/** A message on its way: pale, or red with the reason and a way to try again. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import type { PendingMessage } from "../../state/model";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { Markdown } from "./Markdown";
import { whenWords } from "./times";

export function PendingItem(props: { channelId: Id; pending: PendingMessage; head: boolean }): JSX.Element {
  const { state, messages } = useClient();
  return (
    <div
      role="article"
      aria-label={`Your message, ${props.pending.state === "failed" ? "not sent" : "on its way"}: ${props.pending.content}`}
      class="message is-pending"
      classList={{ "is-head": props.head, "is-failed": props.pending.state === "failed" }}
      data-row
      data-testid="pending-message"
    >
      <Show when={props.head}>
        <Avatar name={state.me?.display_name ?? ""} seed={state.me?.id ?? ""} url={state.me?.avatar_url} />
        <div class="message-head">
          <strong>{state.me?.display_name}</strong>
          <time>{whenWords(props.pending.created_at)}</time>
        </div>
      </Show>
      <div class="message-text">
        <Markdown text={props.pending.content} isName={() => false} me="" />
        <Show when={props.pending.state === "failed"}>
          <p class="pending-error" role="alert">
            <Icon name="warning" size={14} />
            <span>Not sent: {props.pending.error}</span>
            <button
              type="button"
              class="link"
              onClick={() => messages.retry(props.channelId, props.pending.nonce)}
              data-testid="pending-retry"
            >
              Try again
            </button>
            <button type="button" class="link" onClick={() => messages.discard(props.channelId, props.pending.nonce)}>
              Discard
            </button>
          </p>
        </Show>
      </div>
    </div>
  );
}
