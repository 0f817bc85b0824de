/** Write a message: Enter sends, Shift+Enter breaks the line, Up edits the last one; drafts stay with the channel. */
import type { JSX } from "solid-js";
import { createEffect, createSignal, on, onCleanup, onMount, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id } from "../../protocol";
import { mayInChannel, myMember, nameOf } from "../../state/selectors";
import { IconButton } from "../../ui/Button";
import { fitHeight, LONGEST, lengthOf } from "./textarea";
import { whenWords } from "./times";

/** The counter appears when this much is left. */
const COUNT_FROM = 500;
const TYPING_EVERY_MS = 4_000;

export interface ComposerProps {
  channelId: Id;
  replyTo: Id | null;
  onReply: (id: Id | null) => void;
  onEdit: (id: Id | null) => void;
}

export function Composer(props: ComposerProps): JSX.Element {
  const { state, messages, send, preferences, setPreferences } = useClient();
  let box!: HTMLTextAreaElement;
  let typedAt: number | null = null;
  const [left, setLeft] = createSignal(LONGEST);
  const channel = () => state.channels[props.channelId];
  const maySend = (): boolean => mayInChannel(state, props.channelId, "SEND_MESSAGES");
  const repliedName = (): string => {
    const message = state.timelines[props.channelId]?.items.find((each) => each.id === props.replyTo);
    return nameOf(state, channel()?.guild_id ?? null, message?.author?.id);
  };

  onMount(() => {
    box.value = preferences.drafts[props.channelId] ?? "";
    resized();
    if (matchMedia("(hover: hover)").matches) box.focus();
  });
  onCleanup(() => {
    keepDraft();
    stopTyping();
  });
  createEffect(
    on(
      () => props.replyTo,
      (id) => id !== null && box.focus(),
    ),
  );

  function resized(): void {
    fitHeight(box);
    setLeft(LONGEST - lengthOf(box.value));
  }

  function keepDraft(): void {
    const others = Object.entries(preferences.drafts).filter(([id]) => id !== props.channelId);
    const mine = box.value.trim() === "" ? [] : [[props.channelId, box.value] as const];
    setPreferences({ drafts: Object.fromEntries([...others, ...mine]) });
  }

  function typed(): void {
    resized();
    if (box.value.trim() === "") {
      stopTyping();
      return;
    }
    if (typedAt !== null && performance.now() - typedAt < TYPING_EVERY_MS) return;
    typedAt = performance.now();
    send({ type: "typing", channel_id: props.channelId });
  }

  function stopTyping(): void {
    if (typedAt === null) return;
    typedAt = null;
    send({ type: "stop_typing", channel_id: props.channelId });
  }

  function submit(): void {
    const content = box.value.trim();
    if (content === "" || left() < 0 || !maySend()) return;
    typedAt = null;
    messages.send(props.channelId, content, props.replyTo);
    box.value = "";
    props.onReply(null);
    keepDraft();
    resized();
    box.focus();
  }

  function editLast(): boolean {
    const mine = state.timelines[props.channelId]?.items.findLast((message) => message.author?.id === state.me?.id);
    if (box.value !== "" || !mine) return false;
    props.onEdit(mine.id);
    return true;
  }

  function keys(press: KeyboardEvent): void {
    if (press.key === "Enter" && !press.shiftKey && !press.isComposing) submit();
    else if (press.key === "Escape" && props.replyTo) props.onReply(null);
    else if (press.key !== "ArrowUp" || press.altKey || press.ctrlKey || !editLast()) return;
    press.preventDefault();
  }

  return (
    <form
      class="composer"
      classList={{ "is-off": !maySend() }}
      data-region
      onSubmit={(sending) => {
        sending.preventDefault();
        submit();
      }}
    >
      <Show when={props.replyTo}>
        <div class="reply-bar">
          <span class="truncate">
            Replying to <strong>{repliedName()}</strong>
          </span>
          <IconButton icon="close" size={16} label="Do not reply" onClick={() => props.onReply(null)} />
        </div>
      </Show>
      <div class="composer-row">
        <textarea
          ref={box}
          id="composer"
          rows={1}
          disabled={!maySend()}
          placeholder={maySend() ? `Message #${channel()?.name ?? ""}` : whyNot()}
          aria-label={`Message ${channel()?.name ?? ""}`}
          aria-invalid={left() < 0 ? "true" : undefined}
          onInput={typed}
          onKeyDown={keys}
          onBlur={keepDraft}
          data-testid="composer"
        />
        <Show when={left() < COUNT_FROM}>
          <output
            class="counter numbers"
            classList={{ "is-over": left() < 0 }}
            aria-label={`${left()} characters left`}
            data-testid="composer-left"
          >
            {left()}
          </output>
        </Show>
        <IconButton
          type="submit"
          icon="send"
          label="Send"
          disabled={!maySend() || left() < 0 || left() === LONGEST}
          data-testid="send"
        />
      </div>
    </form>
  );

  function whyNot(): string {
    const until = myMember(state, channel()?.guild_id ?? "")?.timed_out_until;
    if (until && Date.parse(until) > Date.now()) return `You are in a timeout until ${whenWords(until)}`;
    return "You may not write in this channel";
  }
}
