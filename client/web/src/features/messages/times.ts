/** Times as people say them. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });

export function clock(iso: string): string {
  return TIME.format(new Date(iso));
}

/** "Today at 14:05", "Yesterday at …", or the date. */
export function whenWords(iso: string, now = new Date()): string {
  const at = new Date(iso);
  const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000);
  if (days === 0) return `Today at ${TIME.format(at)}`;
  if (days === 1) return `Yesterday at ${TIME.format(at)}`;
  return `${DATE.format(at)} ${TIME.format(at)}`;
}

export function absoluteTime(iso: string): string {
  return FULL.format(new Date(iso));
}

export function dayWords(day: string): string {
  return DAY.format(new Date(`${day}T12:00:00`));
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
