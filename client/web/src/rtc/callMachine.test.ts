import { describe, expect, it } from "vitest";
import type { CallEffect, CallInput, CallState } from "./callMachine";
import { initialCall, stepCall } from "./callMachine";

let refs = 0;
const ENV = { newRef: () => `again${++refs}`, backoffMs: (attempt: number) => attempt * 100 };

function run(inputs: CallInput[], from: CallState = initialCall): { state: CallState; effects: CallEffect[] } {
  let state = from;
  let effects: CallEffect[] = [];
  for (const input of inputs) [state, effects] = stepCall(state, input, ENV);
  return { state, effects };
}

const UP: CallInput = { kind: "gateway", news: "ready" };
const JOIN: CallInput = { kind: "join", channelId: "c1", ref: "r1" };
const SDP = { sdp: "sdp", sends: [], revision: 1 };
const OFFER: CallInput = { kind: "offer", channelId: "c1", sessionId: "v1", offer: SDP, ref: "r1" };
const IN: CallInput[] = [
  UP,
  JOIN,
  OFFER,
  { kind: "answered", sessionId: "v1" },
  { kind: "peer", sessionId: "v1", state: "connected" },
];
const joined = (): CallState => run(IN).state;
const did = (effects: CallEffect[], name: CallEffect["do"]): boolean => effects.some((effect) => effect.do === name);

describe("call machine", () => {
  it("goes from join to connected", () => {
    expect(run([UP, JOIN]).effects).toContainEqual({ do: "send_join", channelId: "c1", ref: "r1" });
    expect(run(IN.slice(0, 3)).effects).toContainEqual({
      do: "open_peer",
      channelId: "c1",
      sessionId: "v1",
      offer: SDP,
    });
    expect(IN.map((_, index) => run(IN.slice(0, index + 1)).state.phase)).toEqual([
      "idle",
      "joining",
      "negotiating",
      "connecting",
      "connected",
    ]);
  });

  it("waits for the gateway when it is away", () => {
    const early = run([JOIN]);
    expect(did(early.effects, "send_join")).toBe(false);
    expect(did(run([UP], early.state).effects, "send_join")).toBe(true);
  });

  it("ignores the offer of an older join", () => {
    const state = run([UP, JOIN, { kind: "join", channelId: "c2", ref: "r2" }]).state;
    expect(run([OFFER], state).state.phase).toBe("joining");
  });

  it("ignores an offer that nobody asked for", () => {
    expect(run([UP, OFFER]).state.phase).toBe("idle");
    expect(run([{ ...OFFER, sessionId: "v2", ref: null }], joined()).effects).toEqual([]);
  });

  it.each([2, 3, 4])("takes every later offer of its session and stays where it is (%i steps in)", (steps) => {
    const { state: before } = run(IN.slice(0, steps + 1));
    const { state, effects } = run([{ ...OFFER, offer: { ...SDP, sdp: "more" }, ref: null }], before);
    expect(state).toBe(before);
    expect(effects).toEqual([{ do: "grow_peer", channelId: "c1", sessionId: "v1", offer: { ...SDP, sdp: "more" } }]);
  });

  it("takes no later offer of a session it has given up", () => {
    const { state } = run([{ kind: "peer", sessionId: "v1", state: "failed" }], joined());
    expect(run([{ ...OFFER, ref: null }], state).effects).toEqual([]);
  });

  it("joins again with a new connection when ICE failed", () => {
    const failed = run([{ kind: "peer", sessionId: "v1", state: "failed" }], joined());
    expect(failed.state).toMatchObject({ phase: "reconnecting", attempt: 1 });
    expect(did(failed.effects, "close_peer")).toBe(true);
    const { state, effects } = run([{ kind: "timer", name: "retry", ref: failed.state.ref }], failed.state);
    expect(state.phase).toBe("joining");
    expect(effects).toContainEqual({ do: "send_join", channelId: "c1", ref: state.ref });
  });

  it("takes 'disconnected' for a hint that may heal", () => {
    const shaky = run([{ kind: "peer", sessionId: "v1", state: "disconnected" }], joined());
    expect(shaky.state).toMatchObject({ phase: "connected", isUnstable: true });
    const healed = run([{ kind: "peer", sessionId: "v1", state: "connected" }], shaky.state);
    expect(healed.state.isUnstable).toBe(false);
    expect(healed.effects).toContainEqual({ do: "cancel", name: "heal" });
  });

  it("looks for a new way within the session when the old one does not heal", () => {
    const shaky = run([{ kind: "peer", sessionId: "v1", state: "disconnected" }], joined());
    const { state, effects } = run([{ kind: "timer", name: "heal", ref: shaky.state.ref }], shaky.state);
    expect(effects).toEqual([{ do: "send_restart", channelId: "c1" }]);
    expect(state.phase).toBe("connected");
  });

  it("goes on when the gateway was lost and resumed", () => {
    const { state, effects } = run(
      [
        { kind: "gateway", news: "lost" },
        { kind: "gateway", news: "resumed" },
      ],
      joined(),
    );
    expect(state.phase).toBe("connected");
    expect(effects).toEqual([]);
  });

  it("joins again by itself after a fresh ready", () => {
    const { state, effects } = run([{ kind: "gateway", news: "lost" }, UP], joined());
    expect(state.phase).toBe("joining");
    expect(did(effects, "send_join")).toBe(true);
  });

  it("asks again after a resume when the first asking may be lost", () => {
    const { effects } = run([UP, JOIN, { kind: "gateway", news: "lost" }, { kind: "gateway", news: "resumed" }]);
    expect(did(effects, "send_join")).toBe(true);
  });

  it.each(["kicked", "forbidden", "channel_deleted", "replaced"])("ends and says why when %s", (reason) => {
    const { state, effects } = run([{ kind: "disconnected", sessionId: "v1", reason }], joined());
    expect(state).toMatchObject({ phase: "idle", channelId: null, ended: { reason } });
    expect(did(effects, "close_peer")).toBe(true);
    expect(did(effects, "send_leave")).toBe(false);
  });

  it.each(["timeout", "closed", "error"])("joins again when the server ended it by %s", (reason) => {
    expect(run([{ kind: "disconnected", sessionId: "v1", reason }], joined()).state.phase).toBe("reconnecting");
  });

  it("ignores the end of an older session", () => {
    const state = joined();
    expect(run([{ kind: "disconnected", sessionId: "v0", reason: "moved" }], state).state).toBe(state);
  });

  it("follows a moderator's move to another channel", () => {
    const moving = run([{ kind: "disconnected", sessionId: "v1", reason: "moved" }], joined());
    expect(moving.state.phase).toBe("joining");
    const { state, effects } = run(
      [{ kind: "offer", channelId: "c2", sessionId: "v2", offer: SDP, ref: null }],
      moving.state,
    );
    expect(state).toMatchObject({ phase: "negotiating", channelId: "c2", sessionId: "v2" });
    expect(did(effects, "open_peer")).toBe(true);
  });

  it("says so when the move never arrives", () => {
    const moving = run([{ kind: "disconnected", sessionId: "v1", reason: "moved" }], joined());
    const { state } = run([{ kind: "timer", name: "join", ref: null }], moving.state);
    expect(state.ended?.reason).toBe("moved");
  });

  it("shows the server's words when it refuses", () => {
    const { state } = run([
      UP,
      JOIN,
      { kind: "refused", ref: "r1", code: "CHANNEL_FULL", message: "this voice channel is full" },
    ]);
    expect(state.ended).toEqual({ reason: "CHANNEL_FULL", message: "this voice channel is full", channelId: "c1" });
  });

  it("gives up in plain words when no route was ever found", () => {
    let { state } = run([UP, JOIN]);
    for (let round = 0; round < 5; round++) {
      ({ state } = run([{ kind: "timer", name: "join", ref: state.ref }], state));
      ({ state } = run([{ kind: "timer", name: "retry", ref: state.ref }], state));
    }
    expect(state).toMatchObject({ phase: "idle", ended: { reason: "no_route" } });
  });

  it("leaves: tells the server, closes the connection, shows nothing", () => {
    const { state, effects } = run([{ kind: "leave" }], joined());
    expect(state).toMatchObject({ phase: "idle", ended: null, gatewayUp: true });
    expect(effects).toContainEqual({ do: "send_leave", channelId: "c1" });
    expect(did(effects, "close_peer")).toBe(true);
  });
});
