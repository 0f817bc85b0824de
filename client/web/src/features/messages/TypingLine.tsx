/** Who is typing, in words; forgotten when their time is up. */
import type { JSX } from "solid-js";
import { createEffect, onCleanup, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";

/** "Ann is typing", "Ann and Bob are typing", "Several people are typing". */
export function typingWords(names: string[]): string {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0] ?? ""} is typing…`;
  if (names.length <= 3) return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""} are typing…`;
  return "Several people are typing…";
}

export function TypingLine(props: { channelId: Id }): JSX.Element {
  const { state, dispatch } = useClient();
  const names = (): string[] => Object.values(state.typing[props.channelId] ?? {}).map((typist) => typist.name);
  createEffect(() => {
    if (names().length === 0) return;
    const handle = setInterval(() => dispatch({ type: "local_typing_swept" }), 1_000);
    onCleanup(() => clearInterval(handle));
  });
  return (
    <div class="typing" aria-live="off" data-testid="typing">
      <Show when={names().length > 0}>
        <span class="dots" aria-hidden="true">
          <i /> <i /> <i />
        </span>
        <span class="truncate">{typingWords(names())}</span>
      </Show>
    </div>
  );
}
