/** How long to wait before trying again. */

const FIRST_MS = 200;
const CAP_MS = 3_000;

/**
 * Delay before try `attempt` (0 = first): 0.2 s doubling to 3 s, of which a random half is taken away so that
 * the clients of a restarted server do not all return in one moment.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.5 + random() / 2));
}
