import { describe, expect, it } from "vitest";
import type { GatewayEffect, GatewayInput, GatewayState, Frame } from "./gatewayMachine";
import { initialGateway, stepGateway } from "./gatewayMachine";

const HALF = (): number => 0;
const READY = { type: "ready", session_id: "s1", heartbeat_interval_s: 20, seq: 1 } as Frame;
const news = (seq: number): Frame => ({ type: "guild_deleted", guild_id: "g", reason: "left", seq });

function run(
  inputs: GatewayInput[],
  from: GatewayState = initialGateway,
): { state: GatewayState; effects: GatewayEffect[] } {
  let state = from;
  let effects: GatewayEffect[] = [];
  for (const input of inputs) [state, effects] = stepGateway(state, input, HALF);
  return { state, effects };
}

const UP: GatewayInput[] = [{ kind: "start" }, { kind: "opened" }, { kind: "frame", frame: READY }];

describe("gateway machine", () => {
  it("connects, says it has no session to resume, and is ready", () => {
    expect(run([{ kind: "start" }]).effects).toContainEqual({ do: "connect", renewToken: false });
    expect(run(UP.slice(0, 2)).effects).toEqual([{ do: "send", command: { type: "ping" } }]);
    const { state, effects } = run(UP);
    expect(state).toMatchObject({ phase: "ready", attempt: 0, session: { id: "s1", seq: 1 } });
    expect(effects).toContainEqual({ do: "timer", name: "ping", ms: 20_000 });
    expect(effects).toContainEqual({ do: "deliver", event: READY });
  });

  it("resumes from the last event it saw", () => {
    const { state, effects } = run([
      ...UP,
      { kind: "frame", frame: news(2) },
      { kind: "frame", frame: news(3) },
      { kind: "closed", code: 1006 },
      { kind: "timer", name: "retry" },
      { kind: "opened" },
    ]);
    expect(state.phase).toBe("authenticating");
    expect(effects).toEqual([{ do: "send", command: { type: "resume", session_id: "s1", seq: 3 } }]);
  });

  it("delivers a replayed event once", () => {
    const up = run([...UP, { kind: "frame", frame: news(2) }]);
    const [, effects] = stepGateway(up.state, { kind: "frame", frame: news(2) });
    expect(effects.some((effect) => effect.do === "deliver")).toBe(false);
  });

  it("takes a fresh ready when the session is too old to resume", () => {
    const { state } = run([
      ...UP,
      { kind: "closed", code: 1012 },
      { kind: "timer", name: "retry" },
      { kind: "opened" },
      { kind: "frame", frame: { type: "resume_failed", reason: "unknown" } },
      { kind: "frame", frame: { ...READY, session_id: "s2", seq: 1 } as Frame },
    ]);
    expect(state).toMatchObject({ phase: "ready", session: { id: "s2", seq: 1 } });
  });

  it("waits for the old session when the server, on a slow way, has opened a new one before it saw the resume", () => {
    const away = run([
      ...UP,
      { kind: "frame", frame: news(2) },
      { kind: "closed", code: 1006 },
      { kind: "timer", name: "retry" },
      { kind: "opened" },
    ]).state;
    const unasked = run([{ kind: "frame", frame: { ...READY, session_id: "s2", seq: 1 } as Frame }], away);
    expect(unasked.state).toMatchObject({ phase: "authenticating", session: { id: "s1", seq: 2 } });
    expect(unasked.effects.some((effect) => effect.do === "deliver")).toBe(false);
    const { state } = run(
      [
        { kind: "frame", frame: news(3) },
        { kind: "frame", frame: { type: "resumed", session_id: "s1", replayed: 1, seq: 4 } },
      ],
      unasked.state,
    );
    expect(state).toMatchObject({ phase: "ready", session: { id: "s1", seq: 4 } });
  });

  it("waits longer after each failure, up to three seconds, and forgets that once ready", () => {
    let state = run(UP).state;
    const waits: number[] = [];
    for (let failure = 0; failure < 7; failure++) {
      const [next, effects] = stepGateway(state, { kind: "closed", code: 1006 }, () => 1);
      const retry = effects.find((effect) => effect.do === "timer");
      waits.push(retry?.do === "timer" ? retry.ms : -1);
      [state] = stepGateway(next, { kind: "timer", name: "retry" });
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3000, 3000, 3000]);
    const resumed: Frame = { type: "resumed", session_id: "s1", replayed: 0, seq: 2 };
    expect(run([{ kind: "opened" }, { kind: "frame", frame: resumed }], state).state.attempt).toBe(0);
  });

  it("drops a socket whose heartbeat is not answered", () => {
    const beat = run([...UP, { kind: "timer", name: "ping" }]);
    expect(beat.effects).toContainEqual({ do: "send", command: { type: "ping" } });
    const { state, effects } = run([{ kind: "timer", name: "pong" }], beat.state);
    expect(effects[0]).toEqual({ do: "drop_socket" });
    expect(state.phase).toBe("reconnecting");
  });

  it("takes any frame as a sign of life", () => {
    const [, effects] = stepGateway(run(UP).state, { kind: "frame", frame: news(9) });
    expect(effects).toContainEqual({ do: "cancel", name: "pong" });
  });

  it("renews the token at once when it was refused", () => {
    const { state, effects } = run([...UP, { kind: "closed", code: 4001 }]);
    expect(state.phase).toBe("connecting");
    expect(effects).toContainEqual({ do: "connect", renewToken: true });
  });

  it("does not spin when fresh tokens are refused too", () => {
    const { state } = run([...UP, { kind: "closed", code: 4001 }, { kind: "closed", code: 4001 }]);
    expect(state.phase).toBe("reconnecting");
  });

  it("ends when the session was revoked, and does not come back", () => {
    const { state } = run([...UP, { kind: "closed", code: 4003 }]);
    expect(state).toMatchObject({ phase: "ended", endReason: "revoked", session: null });
    expect(stepGateway(state, { kind: "wake" })[1]).toEqual([]);
  });

  it("tries at once when the page wakes up", () => {
    const waiting = run([...UP, { kind: "closed", code: 1006 }]);
    expect(run([{ kind: "wake" }], waiting.state).effects).toContainEqual({ do: "connect", renewToken: false });
  });
});
