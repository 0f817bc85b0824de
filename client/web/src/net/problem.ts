/** The one shape in which a request fails. */

/** A refusal of the server's (`status` ≥ 400), or no answer at all (`status` 0, code `OFFLINE`). */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later without being changed. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** What to tell a person about anything that was thrown. */
export function messageOf(reason: unknown): string {
  if (reason instanceof Problem) return reason.message;
  return reason instanceof Error ? reason.message : String(reason);
}
