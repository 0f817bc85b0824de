/**
 * The access token: kept in memory only, renewed through the HttpOnly cookie.
 *
 * A refresh spends the cookie's token, and spending one twice ends the whole session. So at most one refresh runs
 * at a time: within the page by sharing its promise, between tabs by a Web Lock.
 */
import type { Tokens } from "../protocol";
import { Problem } from "./problem";

const LOCK = "voicechat.refresh";
const RENEW_BEFORE_MS = 30_000;

export interface Session {
  /** A token good for at least half a minute; refreshed first when needed. Throws Problem 401 when signed out. */
  token(): Promise<string>;
  /** Get a new token now; `spent` is the one that was refused (another caller may have renewed it already). */
  renew(spent: string | null): Promise<string>;
  accept(tokens: Tokens): void;
  drop(): void;
  readonly isSignedIn: boolean;
}

export interface SessionEnv {
  refresh: () => Promise<Tokens>;
  onLost: () => void;
  now?: () => number;
  locks?: Pick<LockManager, "request"> | undefined;
}

export function makeSession(env: SessionEnv): Session {
  const now = env.now ?? Date.now;
  let current: { token: string; goodUntil: number } | null = null;
  let renewing: Promise<string> | null = null;

  function accept(tokens: Tokens): void {
    current = { token: tokens.access_token, goodUntil: now() + tokens.expires_in * 1000 };
  }

  async function refreshAlone(): Promise<string> {
    try {
      const tokens = env.locks ? await env.locks.request(LOCK, () => env.refresh()) : await env.refresh();
      accept(tokens);
      return tokens.access_token;
    } catch (reason) {
      if (reason instanceof Problem && (reason.status === 401 || reason.status === 403)) {
        current = null;
        env.onLost();
      }
      throw reason;
    }
  }

  function renew(spent: string | null): Promise<string> {
    if (current && current.token !== spent) return Promise.resolve(current.token);
    renewing ??= refreshAlone().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  return {
    token: () =>
      current && current.goodUntil - now() > RENEW_BEFORE_MS
        ? Promise.resolve(current.token)
        : renew(current?.token ?? null),
    renew,
    accept,
    drop: () => {
      current = null;
    },
    get isSignedIn() {
      return current !== null;
    },
  };
}
