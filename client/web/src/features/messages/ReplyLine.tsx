/** What a message answers, in one line above it; a click goes there, even to what is not loaded. */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Message } from "../../protocol";
import { nameOf } from "../../state/selectors";
import { Avatar } from "../../ui/Avatar";

export function ReplyLine(props: {
  id: Id;
  message: Message | undefined;
  guildId: Id | null;
  onJump: (id: Id) => void;
}): JSX.Element {
  const { state } = useClient();
  return (
    <div class="reply-line">
      <span class="reply-hook" aria-hidden="true" />
      <button type="button" class="truncate" onClick={() => props.onJump(props.id)} data-testid="message-reply-to">
        <Show when={props.message} fallback={<em>An earlier message</em>}>
          {(message) => (
            <>
              <Avatar
                size="tiny"
                name={nameOf(state, props.guildId, message().author?.id)}
                seed={message().author?.id ?? ""}
              />
              <strong>{nameOf(state, props.guildId, message().author?.id)}</strong> {message().content}
            </>
          )}
        </Show>
      </button>
    </div>
  );
}
