/** Edit a message in its place: Enter saves, Escape leaves it as it was. */
import type { JSX } from "solid-js";
import { createSignal, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import { messageOf } from "../../net/problem";
import type { Message } from "../../protocol";
import { fitHeight, LONGEST, lengthOf } from "./textarea";

export function EditBox(props: { message: Message; onDone: () => void }): JSX.Element {
  const { api } = useClient();
  let box!: HTMLTextAreaElement;
  const [error, setError] = createSignal<string | null>(null);

  onMount(() => {
    box.value = props.message.content;
    fitHeight(box);
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  });

  async function save(): Promise<void> {
    const content = box.value.trim();
    try {
      if (lengthOf(content) > LONGEST) throw new Error(`A message has at most ${LONGEST} characters.`);
      if (content !== "" && content !== props.message.content) await api.messages.edit(props.message.id, content);
      leave();
    } catch (reason) {
      setError(messageOf(reason));
    }
  }

  function leave(): void {
    props.onDone();
    document.querySelector<HTMLElement>("#composer")?.focus();
  }

  function keys(press: KeyboardEvent): void {
    if (press.key === "Escape") leave();
    else if (press.key === "Enter" && !press.shiftKey && !press.isComposing) void save();
    else return;
    press.preventDefault();
    press.stopPropagation();
  }

  return (
    <div class="edit-box">
      <textarea
        ref={box}
        aria-label="Edit message"
        rows={1}
        onInput={(typing) => fitHeight(typing.currentTarget)}
        onKeyDown={keys}
        data-testid="edit-box"
      />
      <small>
        Escape to{" "}
        <button type="button" class="link" onClick={leave}>
          cancel
        </button>{" "}
        · Enter to{" "}
        <button type="button" class="link" onClick={() => void save()}>
          save
        </button>
      </small>
      <Show when={error()}>
        {(text) => (
          <p class="field-note is-error" role="alert">
            {text()}
          </p>
        )}
      </Show>
    </div>
  );
}
