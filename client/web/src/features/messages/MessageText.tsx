/** The text of a message, marked up, with its "edited". */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Message } from "../../protocol";
import { Markdown } from "./Markdown";
import { absoluteTime } from "./times";

export function MessageText(props: { message: Message; guildId: Id | null }): JSX.Element {
  const { state } = useClient();
  const isName = (name: string): boolean => {
    const members = state.members[props.guildId ?? ""]?.byId ?? {};
    return Object.values(members).some((member) => member.user.username === name);
  };
  return (
    <div class="message-text" data-testid="message-text">
      <Markdown text={props.message.content} isName={isName} me={state.me?.username ?? ""} />
      <Show when={props.message.edited_at}>
        {(at) => (
          <small class="edited" title={absoluteTime(at())}>
            (edited)
          </small>
        )}
      </Show>
    </div>
  );
}
