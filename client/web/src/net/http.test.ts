import { describe, expect, it, vi } from "vitest";
import { makeHttp } from "./http";

const TOKENS = { user_id: "u", access_token: "new", refresh_token: null, token_type: "Bearer", expires_in: 900 };
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(body === undefined ? null : JSON.stringify(body), { status, headers });

function fixture(answers: Record<string, Response[]>) {
  const seen: { key: string; init: RequestInit }[] = [];
  const http = makeHttp({
    fetch: vi.fn((path: string, init: RequestInit) => {
      const key = `${init.method ?? ""} ${path}`;
      seen.push({ key, init });
      const answer = answers[key]?.shift();
      return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("network"));
    }) as unknown as typeof fetch,
    onSignedOut: () => undefined,
  });
  http.session.accept({ ...TOKENS, access_token: "old" });
  return { http, seen };
}

describe("http", () => {
  it("sends the token and the idempotency key", async () => {
    const { http, seen } = fixture({ "POST /api/x": [json(201, { id: 1 })] });
    await http.request("POST", "/api/x", { body: { a: 1 }, idempotencyKey: "k" });
    expect(seen[0]?.init.headers).toMatchObject({ Authorization: "Bearer old", "Idempotency-Key": "k" });
    expect(seen[0]?.init.body).toBe('{"a":1}');
  });

  it("renews a refused token once and repeats the request", async () => {
    const { http, seen } = fixture({
      "GET /api/x": [json(401, { error: "UNAUTHENTICATED", message: "expired" }), json(200, { ok: true })],
      "POST /auth/refresh": [json(200, TOKENS)],
    });
    expect(await http.request("GET", "/api/x")).toEqual({ ok: true });
    expect(seen.at(-1)?.init.headers).toMatchObject({ Authorization: "Bearer new" });
  });

  it("lets a refresh, and nothing else, outlive the page", async () => {
    const { http, seen } = fixture({
      "GET /api/x": [json(401, { error: "UNAUTHENTICATED", message: "expired" }), json(200, { ok: true })],
      "POST /auth/refresh": [json(200, TOKENS)],
    });
    await http.request("GET", "/api/x");
    expect(seen.map(({ key, init }) => [key, init.keepalive])).toEqual([
      ["GET /api/x", false],
      ["POST /auth/refresh", true],
      ["GET /api/x", false],
    ]);
  });

  it("turns a refusal into a Problem with the server's words", async () => {
    const { http } = fixture({
      "GET /api/x": [json(429, { error: "TOO_MANY", message: "slow down", details: { a: 1 } }, { "Retry-After": "7" })],
    });
    await expect(http.request("GET", "/api/x")).rejects.toMatchObject({
      status: 429,
      code: "TOO_MANY",
      message: "slow down",
      details: { a: 1 },
      retryAfterS: 7,
      isPassing: true,
    });
  });

  it("tells a proxy's page from an answer", async () => {
    const { http } = fixture({ "GET /api/x": [new Response("<h1>Bad gateway</h1>", { status: 502 })] });
    await expect(http.request("GET", "/api/x")).rejects.toMatchObject({ code: "HTTP_502" });
  });

  it("says OFFLINE when nobody answers", async () => {
    await expect(fixture({}).http.request("GET", "/api/x")).rejects.toMatchObject({ status: 0, code: "OFFLINE" });
  });

  it("takes 204 for nothing, and leaves undefined query parts out", async () => {
    const { http } = fixture({ "GET /api/x?limit=5": [new Response(null, { status: 204 })] });
    expect(await http.request("GET", "/api/x", { query: { limit: 5, before: undefined } })).toBeUndefined();
  });
});
