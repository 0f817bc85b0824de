/** One message: head or continuation, text, the toolbar under the pointer, keys while focused. */
import type { JSX } from "solid-js";
import { createSignal, Show } from "solid-js";
import { useClient } from "../../client/context";
import type { Id, Message } from "../../protocol";
import { colorOf, mayInChannel, nameOf } from "../../state/selectors";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import { copyText } from "../../ui/clipboard";
import { EditBox } from "./EditBox";
import { MessageText } from "./MessageText";
import { ReplyLine } from "./ReplyLine";
import { absoluteTime, clock, whenWords } from "./times";

export interface MessageItemProps {
  message: Message;
  head: boolean;
  repliedTo: Message | undefined;
  /** Whether a name is a member's, to be lit in the text. */
  isName: (name: string) => boolean;
  editing: Id | null;
  onEdit: (id: Id | null) => void;
  onReply: (id: Id | null) => void;
  onJump: (id: Id) => void;
}

export function MessageItem(props: MessageItemProps): JSX.Element {
  const { state, api, dialogs } = useClient();
  const [isActive, setActive] = createSignal(false);
  const guildId = (): Id | null => state.channels[props.message.channel_id]?.guild_id ?? null;
  const authorId = (): Id | null => props.message.author?.id ?? null;
  const name = (): string => nameOf(state, guildId(), authorId());
  const isMine = (): boolean => authorId() !== null && authorId() === state.me?.id;
  const mayDelete = (): boolean => isMine() || mayInChannel(state, props.message.channel_id, "MANAGE_MESSAGES");
  const isEditing = (): boolean => props.editing === props.message.id;
  const mentionsMe = (): boolean =>
    props.message.mentions.includes(state.me?.id ?? "") || ["everyone", "here"].includes(props.message.mention_type);

  function remove(): void {
    dialogs.open({
      name: "confirm",
      title: "Delete message?",
      text: props.message.content.slice(0, 300),
      action: "Delete",
      act: () => api.messages.remove(props.message.id),
    });
  }

  function keys(press: KeyboardEvent): void {
    if (press.target !== press.currentTarget || press.ctrlKey || press.metaKey || press.altKey) return;
    if (press.key === "e" && isMine()) props.onEdit(props.message.id);
    else if (press.key === "r") props.onReply(props.message.id);
    else if ((press.key === "Backspace" || press.key === "Delete") && mayDelete()) remove();
    else if (press.key === "Enter")
      (press.currentTarget as HTMLElement).querySelector<HTMLElement>(".message-tools button")?.focus();
    else return;
    press.preventDefault();
  }

  return (
    <div
      class="message"
      role="article"
      aria-label={`${name()}, ${whenWords(props.message.created_at)}, ${props.message.content}`}
      classList={{ "is-head": props.head, "is-mention": mentionsMe(), "is-editing": isEditing() }}
      tabIndex={-1}
      data-row
      data-message={props.message.id}
      data-testid="message"
      onMouseEnter={() => setActive(true)}
      onMouseLeave={() => setActive(false)}
      onFocusIn={() => setActive(true)}
      onFocusOut={(leaving) =>
        !leaving.currentTarget.contains(leaving.relatedTarget as Node | null) && setActive(false)
      }
      onKeyDown={keys}
    >
      <Show when={props.message.reply_to}>
        {(id) => <ReplyLine id={id()} message={props.repliedTo} guildId={guildId()} onJump={props.onJump} />}
      </Show>
      <Show
        when={props.head}
        fallback={
          <time
            class="gutter-time numbers"
            dateTime={props.message.created_at}
            title={absoluteTime(props.message.created_at)}
          >
            {clock(props.message.created_at)}
          </time>
        }
      >
        <Avatar name={name()} seed={authorId() ?? ""} url={props.message.author?.avatar_url} />
        <div class="message-head">
          <strong class="truncate" style={{ color: colorOf(state, guildId(), authorId()) ?? undefined }}>
            {name()}
          </strong>
          <time class="numbers" dateTime={props.message.created_at} title={absoluteTime(props.message.created_at)}>
            {whenWords(props.message.created_at)}
          </time>
        </div>
      </Show>
      <Show when={isEditing()} fallback={<MessageText message={props.message} isName={props.isName} />}>
        <EditBox message={props.message} onDone={() => props.onEdit(null)} />
      </Show>
      <Show when={isActive() && !isEditing()}>
        <div class="message-tools" role="toolbar" aria-label={`Actions for the message of ${name()}`}>
          <IconButton
            icon="reply"
            size={18}
            label="Reply"
            onClick={() => props.onReply(props.message.id)}
            data-testid="message-reply"
          />
          <Show when={isMine()}>
            <IconButton
              icon="edit"
              size={18}
              label="Edit"
              onClick={() => props.onEdit(props.message.id)}
              data-testid="message-edit"
            />
          </Show>
          <IconButton icon="copy" size={18} label="Copy text" onClick={() => void copyText(props.message.content)} />
          <Show when={mayDelete()}>
            <IconButton icon="trash" size={18} danger label="Delete" onClick={remove} data-testid="message-delete" />
          </Show>
        </div>
      </Show>
    </div>
  );
}
