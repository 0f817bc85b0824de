import { describe, expect, it } from "vitest";
import type { Tokens } from "../protocol";
import { Problem } from "./problem";
import { makeSession } from "./session";

function fixture(answers: (Tokens | Problem)[]) {
  let calls = 0;
  let lost = 0;
  let clock = 0;
  const session = makeSession({
    refresh: () => {
      const answer = answers[calls++];
      return answer instanceof Problem || !answer
        ? Promise.reject(answer ?? new Error("asked too often"))
        : Promise.resolve(answer);
    },
    onLost: () => lost++,
    now: () => clock,
  });
  return { session, calls: () => calls, lost: () => lost, tick: (ms: number) => (clock += ms) };
}

const tokens = (access_token: string): Tokens => ({
  user_id: "u",
  access_token,
  refresh_token: null,
  token_type: "Bearer",
  expires_in: 900,
});

describe("session", () => {
  it("refreshes once for callers that ask at the same time", async () => {
    const { session, calls } = fixture([tokens("a")]);
    expect(await Promise.all([session.token(), session.token(), session.renew(null)])).toEqual(["a", "a", "a"]);
    expect(calls()).toBe(1);
  });

  it("renews shortly before the token ends", async () => {
    const { session, tick } = fixture([tokens("a"), tokens("b")]);
    expect(await session.token()).toBe("a");
    tick(800_000);
    expect(await session.token()).toBe("a");
    tick(80_000);
    expect(await session.token()).toBe("b");
  });

  it("does not renew again what another caller renewed already", async () => {
    const { session, calls } = fixture([tokens("a"), tokens("b")]);
    await session.token();
    await session.renew("a");
    expect(await session.renew("a")).toBe("b");
    expect(calls()).toBe(2);
  });

  it("says that the session is lost when the cookie is refused", async () => {
    const { session, lost } = fixture([new Problem(401, "UNAUTHENTICATED", "who are you")]);
    await expect(session.token()).rejects.toMatchObject({ status: 401 });
    expect(lost()).toBe(1);
  });

  it("keeps the session when the server is merely away", async () => {
    const { session, lost } = fixture([new Problem(0, "OFFLINE", "away"), tokens("a")]);
    await expect(session.token()).rejects.toMatchObject({ code: "OFFLINE" });
    expect(lost()).toBe(0);
    expect(await session.token()).toBe("a");
  });

  it("waits for the lock between tabs", async () => {
    const asked: string[] = [];
    const session = makeSession({
      refresh: () => Promise.resolve(tokens("a")),
      onLost: () => undefined,
      locks: {
        request: ((name: string, act: () => Promise<Tokens>) => {
          asked.push(name);
          return act();
        }) as LockManager["request"],
      },
    });
    await session.token();
    expect(asked).toEqual(["voicechat.refresh"]);
  });
});
