/** The text of a message, marked up, with its "edited". */
import type { JSX } from "solid-js";
import { Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Message } from "../../protocol";
import { Markdown } from "./Markdown";
import { absoluteTime } from "./times";

export function MessageText(props: { message: Message; isName: (name: string) => boolean }): JSX.Element {
  const { state } = useClient();
  return (
    <div class="message-text" data-testid="message-text">
      <Markdown text={props.message.content} isName={props.isName} me={state.me?.username ?? ""} />
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
