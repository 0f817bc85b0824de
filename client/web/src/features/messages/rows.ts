/** From messages to the rows of the list: who starts a group, where a day or the news begin. Pure. */
import type { Id, Message } from "../../protocol";
import type { PendingMessage } from "../../state/model";

export interface Row {
  key: string;
  id: Id;
  /** Starts a group: shows picture, name and time. */
  head: boolean;
  /** A new day begins above this row: its date (ISO, local). */
  day: string | null;
  /** The "new" line stands above this row. */
  isFirstNew: boolean;
  pending: boolean;
}

/** Messages of one author closer than this belong together. */
const GROUP_MS = 7 * 60_000;

interface Line {
  id: Id;
  authorId: Id | null;
  at: number;
  isReply: boolean;
  pending: boolean;
}

export function localDay(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Lay out a timeline. `after` is the message after which the news begin; `me` wrote the pending ones. */
export function layOut(
  items: readonly Message[],
  pending: readonly PendingMessage[],
  me: Id | null,
  after: Id | null,
): Row[] {
  const lines: Line[] = [
    ...items.map((message) => ({
      id: message.id,
      authorId: message.author?.id ?? null,
      at: Date.parse(message.created_at),
      isReply: message.reply_to !== null,
      pending: false,
    })),
    ...pending.map((message) => ({
      id: message.nonce,
      authorId: me,
      at: Date.parse(message.created_at),
      isReply: message.reply_to !== null,
      pending: true,
    })),
  ];
  const firstNew =
    after === null ? undefined : lines.find((line) => !line.pending && line.id > after && line.authorId !== me)?.id;
  return lines.map((line, index) => rowOf(line, lines[index - 1], line.id === firstNew));
}

function rowOf(line: Line, before: Line | undefined, isFirstNew: boolean): Row {
  const day = !before || localDay(before.at) !== localDay(line.at) ? localDay(line.at) : null;
  const continues =
    before?.authorId === line.authorId &&
    line.authorId !== null &&
    line.at - before.at < GROUP_MS &&
    !line.isReply &&
    day === null &&
    !isFirstNew;
  const { id, pending } = line;
  return { key: [id, continues, day, isFirstNew].join(), id, head: !continues, day, isFirstNew, pending };
}

/** Keep the row objects that did not change, so that their elements stay on the page. */
export function keepRows(previous: readonly Row[], next: Row[]): Row[] {
  const known = new Map(previous.map((row) => [row.key, row]));
  return next.map((row) => known.get(row.key) ?? row);
}
