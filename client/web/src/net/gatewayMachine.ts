/**
 * The connection to the gateway as a pure state machine: what is known, what happened → what is known, what to do.
 *
 *     idle ─start→ connecting ─opened→ authenticating ─ready/resumed→ ready
 *                      ↑                     │                          │
 *                      └──retry── reconnecting ←──────── closed ────────┘         ended: revoked, signed out, stopped
 *
 * Timers: `hello` bounds the way to ready, `ping` is the heartbeat, `pong` bounds its answer, `retry` is the backoff.
 */
import type { AnyCommand, AnyEvent } from "../protocol";
import { backoffMs } from "./backoff";

export type GatewayPhase = "idle" | "connecting" | "authenticating" | "ready" | "reconnecting" | "ended";
export type EndReason = "stopped" | "revoked" | "signed_out";
export type TimerName = "hello" | "ping" | "pong" | "retry";
/** An event as it arrives; `seq` is its number in the gateway session. */
export type Frame = AnyEvent & { seq?: number };

export interface GatewayState {
  phase: GatewayPhase;
  /** Failed tries since the last `ready` or `resumed`. */
  attempt: number;
  /** The gateway session and the last event seen of it, for `resume`. */
  session: { id: string; seq: number } | null;
  heartbeatMs: number;
  endReason: EndReason | null;
}

export type GatewayInput =
  | { kind: "start" }
  | { kind: "opened" }
  | { kind: "frame"; frame: Frame }
  | { kind: "closed"; code: number }
  | { kind: "timer"; name: TimerName }
  | { kind: "wake" }
  | { kind: "token_refused" }
  | { kind: "stop" };

export type GatewayEffect =
  | { do: "connect"; renewToken: boolean }
  | { do: "send"; command: AnyCommand }
  | { do: "drop_socket" }
  | { do: "timer"; name: TimerName; ms: number }
  | { do: "cancel"; name: TimerName }
  | { do: "deliver"; event: AnyEvent };

export type GatewayStep = [GatewayState, GatewayEffect[]];

/** Close codes of the contract that change what the client does. */
const BAD_TOKEN = 4001;
const SESSION_REVOKED = 4003;
const TOO_MANY = 4008;

const HELLO_MS = 10_000;
const PONG_MS = 8_000;
/** When the network may have changed, an answer is expected sooner. */
const PROBE_MS = 3_000;
/** A refused handshake looks to a browser like any failure: at this try, suspect the token. */
const RENEW_AT_ATTEMPT = 2;

export const initialGateway: GatewayState = {
  phase: "idle",
  attempt: 0,
  session: null,
  heartbeatMs: 20_000,
  endReason: null,
};

const CANCEL_ALL: GatewayEffect[] = (["hello", "ping", "pong", "retry"] as const).map((name) => ({
  do: "cancel",
  name,
}));

export function stepGateway(state: GatewayState, input: GatewayInput, random = Math.random): GatewayStep {
  if (input.kind === "stop") return end(state, "stopped");
  if (input.kind === "start") return start(state);
  if (state.phase === "idle" || state.phase === "ended") return [state, []];
  switch (input.kind) {
    case "opened":
      return opened(state);
    case "frame":
      return framed(state, input.frame);
    case "closed":
      return closed(state, input.code, random);
    case "timer":
      return timed(state, input.name, random);
    case "wake":
      return woken(state);
    case "token_refused":
      return end(state, "signed_out");
  }
}

function start(state: GatewayState): GatewayStep {
  if (state.phase !== "idle" && state.phase !== "ended") return [state, []];
  return connect({ ...initialGateway }, false);
}

function connect(state: GatewayState, renewToken: boolean): GatewayStep {
  return [
    { ...state, phase: "connecting" },
    [
      { do: "cancel", name: "retry" },
      { do: "timer", name: "hello", ms: HELLO_MS },
      { do: "connect", renewToken: renewToken || state.attempt === RENEW_AT_ATTEMPT },
    ],
  ];
}

/** The first frame asks to resume; without a session a ping says that none will come. */
function opened(state: GatewayState): GatewayStep {
  const command: AnyCommand = state.session
    ? { type: "resume", session_id: state.session.id, seq: state.session.seq }
    : { type: "ping" };
  return [{ ...state, phase: "authenticating" }, [{ do: "send", command }]];
}

function framed(state: GatewayState, frame: Frame): GatewayStep {
  const alive: GatewayEffect = { do: "cancel", name: "pong" };
  switch (frame.type) {
    case "pong":
      return [state, [alive]];
    case "ready":
      // Over a slow way the server opens a session before it sees our resume, which it will still answer.
      if (state.phase === "authenticating" && state.session) return [state, [alive]];
      return settled(
        state,
        { id: frame.session_id, seq: frame.seq ?? 0 },
        Math.max(1_000, frame.heartbeat_interval_s * 1000),
        frame,
      );
    case "resumed":
      return settled(
        state,
        { id: frame.session_id, seq: Math.max(state.session?.seq ?? 0, frame.seq ?? 0) },
        state.heartbeatMs,
        frame,
      );
    case "resume_failed":
      return [{ ...state, session: null }, [alive, { do: "deliver", event: frame }]];
    default:
      return passed(state, frame, alive);
  }
}

/** Count and deliver an ordinary event; one that was seen before (a replay overlapping) is dropped. */
function passed(state: GatewayState, frame: Frame, alive: GatewayEffect): GatewayStep {
  if (frame.seq === undefined || !state.session) return [state, [alive, { do: "deliver", event: frame }]];
  if (frame.seq <= state.session.seq) return [state, [alive]];
  return [{ ...state, session: { ...state.session, seq: frame.seq } }, [alive, { do: "deliver", event: frame }]];
}

function settled(
  state: GatewayState,
  session: { id: string; seq: number },
  heartbeatMs: number,
  event: AnyEvent,
): GatewayStep {
  return [
    { ...state, phase: "ready", attempt: 0, session, heartbeatMs },
    [
      { do: "cancel", name: "hello" },
      { do: "cancel", name: "pong" },
      { do: "timer", name: "ping", ms: heartbeatMs },
      { do: "deliver", event },
    ],
  ];
}

function closed(state: GatewayState, code: number, random: () => number): GatewayStep {
  if (code === SESSION_REVOKED) return end(state, "revoked");
  if (code === BAD_TOKEN && state.attempt === 0) {
    const [next, effects] = connect({ ...state, attempt: 1 }, true);
    return [next, [...CANCEL_ALL, ...effects]];
  }
  const attempt = code === TOO_MANY ? Math.max(state.attempt, 4) : state.attempt;
  return [
    { ...state, phase: "reconnecting", attempt: attempt + 1 },
    [...CANCEL_ALL, { do: "timer", name: "retry", ms: backoffMs(attempt, random) }],
  ];
}

function timed(state: GatewayState, name: TimerName, random: () => number): GatewayStep {
  switch (name) {
    case "retry":
      return state.phase === "reconnecting" ? connect(state, false) : [state, []];
    case "ping":
      return state.phase === "ready" ? beat(state, PONG_MS) : [state, []];
    case "hello":
    case "pong": {
      // The other end is silent: drop the socket and go on as if it had closed.
      const [next, effects] = closed(state, 0, random);
      return [next, [{ do: "drop_socket" }, ...effects]];
    }
  }
}

function beat(state: GatewayState, pongMs: number): GatewayStep {
  return [
    state,
    [
      { do: "send", command: { type: "ping" } },
      { do: "timer", name: "pong", ms: pongMs },
      { do: "timer", name: "ping", ms: state.heartbeatMs },
    ],
  ];
}

/** The page came back or the network changed: try now rather than later, and doubt an open socket. */
function woken(state: GatewayState): GatewayStep {
  if (state.phase === "reconnecting") return connect(state, false);
  return state.phase === "ready" ? beat(state, PROBE_MS) : [state, []];
}

function end(state: GatewayState, reason: EndReason): GatewayStep {
  if (state.phase === "ended") return [state, []];
  return [{ ...state, phase: "ended", session: null, endReason: reason }, [...CANCEL_ALL, { do: "drop_socket" }]];
}
