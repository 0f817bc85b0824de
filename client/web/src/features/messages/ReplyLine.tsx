/** What a message answers, in one line above it; a click goes there. */
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
      <Show when={props.message} fallback={<em>An earlier message</em>}>
        {(message) => (
          <button type="button" class="truncate" onClick={() => props.onJump(props.id)}>
            <Avatar
              size="tiny"
              name={nameOf(state, props.guildId, message().author?.id)}
              seed={message().author?.id ?? ""}
            />
            <strong>{nameOf(state, props.guildId, message().author?.id)}</strong> {message().content}
          </button>
        )}
      </Show>
    </div>
  );
}
