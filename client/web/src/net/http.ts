/** Requests to the server: one function that knows tokens, errors and idempotency. */
import type { Refusal, Tokens } from "../protocol";
import { Problem } from "./problem";
import type { Session } from "./session";
import { makeSession } from "./session";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface RequestOptions {
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  idempotencyKey?: string;
  /** Send no token (sign-in, public previews). */
  anonymous?: boolean;
  signal?: AbortSignal;
  /** Let the exchange end even if the page goes away meanwhile. */
  keepalive?: boolean;
}

export interface Http {
  request<T>(method: Method, path: string, options?: RequestOptions): Promise<T>;
  readonly session: Session;
}

export interface HttpEnv {
  fetch: typeof fetch;
  onSignedOut: () => void;
  locks?: LockManager | undefined;
}

const TIMEOUT_MS = 20_000;

export function makeHttp(env: HttpEnv): Http {
  const session = makeSession({
    // The answer brings the cookie's next token; a reload that lost it would end the whole session.
    refresh: () => send<Tokens>("POST", "/auth/refresh", { body: {}, keepalive: true }, null),
    onLost: env.onSignedOut,
    locks: env.locks,
  });

  async function send<T>(method: Method, path: string, options: RequestOptions, token: string | null): Promise<T> {
    const response = await reach(env.fetch, method, path, options, token);
    if (response.ok) return (response.status === 204 ? undefined : await parsed(response)) as T;
    throw await problemOf(response);
  }

  async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    if (options.anonymous) return send<T>(method, path, options, null);
    const token = await session.token();
    try {
      return await send<T>(method, path, options, token);
    } catch (reason) {
      if (!(reason instanceof Problem) || reason.status !== 401) throw reason;
      return send<T>(method, path, options, await session.renew(token));
    }
  }

  return { request, session };
}

/** Make the one HTTP exchange; no answer becomes Problem OFFLINE. */
async function reach(
  fetcher: typeof fetch,
  method: Method,
  path: string,
  options: RequestOptions,
  token: string | null,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetcher(path + queryText(options.query), {
      method,
      headers,
      credentials: "same-origin",
      keepalive: options.keepalive ?? false,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
    });
  } catch (reason) {
    if (options.signal?.aborted) throw reason;
    throw new Problem(0, "OFFLINE", "The server did not answer. Check your connection.");
  }
}

function queryText(query: RequestOptions["query"]): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return pairs.length ? `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString()}` : "";
}

async function parsed(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("Retry-After"));
  const body = (await response.json().catch(() => null)) as Partial<Refusal> | null;
  return new Problem(
    response.status,
    body?.error ?? `HTTP_${response.status}`,
    body?.message ?? `The server answered ${response.status}.`,
    body?.details ?? {},
    retryAfter > 0 ? retryAfter : null,
  );
}
