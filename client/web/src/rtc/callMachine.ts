/**
 * A voice session as a pure state machine.
 *
 *     idle ─join→ joining ─offer→ negotiating ─answered→ connecting ─peer connected→ connected
 *                    ↑                                        │                         │
 *                    └──────── retry ── reconnecting ←── failed / timeout / fresh ready ┘
 *     any ─leave, kicked, moved, refused→ idle (with the reason to show)
 *
 * The first offer of a session carries voice; later ones of the same session only grow it (video), so they change no
 * phase. A way that breaks and does not heal by itself is looked for anew within the session (an ICE restart); whatever
 * else goes wrong joins again with a new connection.
 * Losing the gateway alone changes nothing: media does not pass through it.
 */
import type { Id } from "../protocol";
import type { Offer } from "./peer";

export type CallPhase = "idle" | "joining" | "negotiating" | "connecting" | "connected" | "reconnecting";
export type CallTimer = "join" | "media" | "retry" | "heal";

export interface CallState {
  phase: CallPhase;
  channelId: Id | null;
  sessionId: Id | null;
  /**
   * Marks the join under way; an offer or refusal for an older one is ignored. Null while a moderator moves us:
   * then the offer comes unasked.
   */
  ref: string | null;
  attempt: number;
  wasConnected: boolean;
  /** ICE says "disconnected": it often heals and media may still flow, so this is only a hint. */
  isUnstable: boolean;
  gatewayUp: boolean;
  /** Why the last call ended, when it was not the person's own wish. */
  ended: CallEnd | null;
}

export interface CallEnd {
  reason: string;
  message: string;
  channelId: Id;
}

export type CallInput =
  | { kind: "join"; channelId: Id; ref: string }
  | { kind: "leave" }
  | { kind: "offer"; channelId: Id; sessionId: Id; offer: Offer; ref: string | null }
  | { kind: "answered"; sessionId: Id }
  | { kind: "answer_failed"; sessionId: Id }
  | { kind: "peer"; sessionId: Id; state: RTCPeerConnectionState }
  | { kind: "disconnected"; sessionId: Id; reason: string }
  | { kind: "refused"; ref: string | null; code: string; message: string }
  | { kind: "gateway"; news: "lost" | "resumed" | "ready" }
  | { kind: "timer"; name: CallTimer; ref: string | null };

export type CallEffect =
  | { do: "send_join"; channelId: Id; ref: string }
  | { do: "send_leave"; channelId: Id }
  | { do: "send_restart"; channelId: Id }
  | { do: "open_peer"; channelId: Id; sessionId: Id; offer: Offer }
  | { do: "grow_peer"; channelId: Id; sessionId: Id; offer: Offer }
  | { do: "close_peer" }
  | { do: "timer"; name: CallTimer; ms: number }
  | { do: "cancel"; name: CallTimer };

export type CallStep = [CallState, CallEffect[]];
export interface CallEnv {
  newRef: () => string;
  backoffMs: (attempt: number) => number;
}

export const initialCall: CallState = {
  phase: "idle",
  channelId: null,
  sessionId: null,
  ref: null,
  attempt: 0,
  wasConnected: false,
  isUnstable: false,
  gatewayUp: false,
  ended: null,
};

const JOIN_MS = 8_000;
const MEDIA_MS = 12_000;
/** How long a broken way may heal by itself; browsers call it failed only after many seconds more. */
const HEAL_MS = 2_500;
/** Without a single success the network is at fault and the person should be told; after one it probably heals. */
const TRIES_AT_FIRST = 4;
const TRIES_LATER = 60;

/** Refusals that may pass when asked again. */
const PASSING = new Set(["TOO_MANY_REQUESTS", "RATE_LIMITED", "UNAVAILABLE", "SERVICE_UNAVAILABLE"]);
/** Ends that the server does not mean for good. */
const HEALING = new Set(["timeout", "closed", "error"]);

const REASONS: Record<string, string> = {
  replaced: "You moved to another tab: voice was joined there, so this one left.",
  moved: "You were moved to another voice channel, but it did not open.",
  kicked: "A moderator disconnected you from voice.",
  forbidden: "You may not be in this voice channel any more.",
  channel_deleted: "The voice channel was deleted.",
  no_route:
    "No voice connection could be made. Your network may block UDP; ask whoever runs the server which port voice needs.",
};

const CANCEL: CallEffect[] = (["join", "media", "retry", "heal"] as const).map((name) => ({ do: "cancel", name }));

export function stepCall(state: CallState, input: CallInput, env: CallEnv): CallStep {
  switch (input.kind) {
    case "join":
      return join(state, input.channelId, input.ref);
    case "leave":
      return leave(state);
    case "offer":
      return offered(state, input);
    case "answered":
      return answered(state, input.sessionId);
    case "answer_failed":
      return input.sessionId === state.sessionId ? rejoin(state, env) : [state, []];
    case "peer":
      return peered(state, input, env);
    case "disconnected":
      return disconnected(state, input, env);
    case "refused":
      return refused(state, input, env);
    case "gateway":
      return gateway(state, input.news, env);
    case "timer":
      return timed(state, input, env);
  }
}

function join(state: CallState, channelId: Id, ref: string): CallStep {
  const fresh: CallState = { ...initialCall, gatewayUp: state.gatewayUp, phase: "joining", channelId, ref };
  return [fresh, [...CANCEL, { do: "close_peer" }, ...ask(fresh)]];
}

/** Ask the server for an offer; without a gateway the next `ready` or `resumed` asks. */
function ask(state: CallState): CallEffect[] {
  if (!state.gatewayUp || state.channelId === null || state.ref === null) return [];
  return [
    { do: "send_join", channelId: state.channelId, ref: state.ref },
    { do: "timer", name: "join", ms: JOIN_MS },
  ];
}

function leave(state: CallState): CallStep {
  if (state.channelId === null) return [{ ...state, ended: null }, []];
  const farewell: CallEffect[] = [...CANCEL, { do: "send_leave", channelId: state.channelId }, { do: "close_peer" }];
  return [{ ...initialCall, gatewayUp: state.gatewayUp }, farewell];
}

function offered(state: CallState, input: Extract<CallInput, { kind: "offer" }>): CallStep {
  if (state.sessionId !== null && input.sessionId === state.sessionId) return grown(state, input);
  const isAwaited = state.phase === "joining" && state.ref !== null && input.ref === state.ref;
  const isMove = input.ref === null && state.phase === "joining" && state.ref === null;
  if (!isAwaited && !isMove) return [state, []];
  const { channelId, sessionId, offer } = input;
  return [
    { ...state, phase: "negotiating", channelId, sessionId, ref: state.ref ?? `moved ${sessionId}`, isUnstable: false },
    [
      ...CANCEL,
      { do: "close_peer" },
      { do: "open_peer", channelId, sessionId, offer },
      { do: "timer", name: "media", ms: MEDIA_MS },
    ],
  ];
}

/** Another offer of the session we have: more media sections, which are answered in the order they came. */
function grown(state: CallState, input: Extract<CallInput, { kind: "offer" }>): CallStep {
  const { channelId, sessionId, offer } = input;
  return [state, [{ do: "grow_peer", channelId, sessionId, offer }]];
}

function answered(state: CallState, sessionId: Id): CallStep {
  if (state.phase !== "negotiating" || state.sessionId !== sessionId) return [state, []];
  return [{ ...state, phase: "connecting" }, []];
}

function peered(state: CallState, input: Extract<CallInput, { kind: "peer" }>, env: CallEnv): CallStep {
  if (input.sessionId !== state.sessionId || state.channelId === null) return [state, []];
  switch (input.state) {
    case "connected":
      return [
        { ...state, phase: "connected", attempt: 0, wasConnected: true, isUnstable: false },
        [
          { do: "cancel", name: "media" },
          { do: "cancel", name: "heal" },
        ],
      ];
    case "disconnected":
      return [{ ...state, isUnstable: true }, [{ do: "timer", name: "heal", ms: HEAL_MS }]];
    case "failed":
      return rejoin(state, env);
    default:
      return [state, []];
  }
}

function disconnected(state: CallState, input: Extract<CallInput, { kind: "disconnected" }>, env: CallEnv): CallStep {
  if (input.sessionId !== state.sessionId || state.channelId === null) return [state, []];
  if (input.reason === "left") return end(state, null);
  if (input.reason === "moved") return awaitMove(state);
  return HEALING.has(input.reason) ? rejoin(state, env) : end(state, input.reason);
}

/** A moderator moves us: the offer of the other channel follows by itself. */
function awaitMove(state: CallState): CallStep {
  const waiting: CallState = { ...state, phase: "joining", sessionId: null, ref: null, isUnstable: false };
  return [waiting, [...CANCEL, { do: "close_peer" }, { do: "timer", name: "join", ms: JOIN_MS }]];
}

function refused(state: CallState, input: Extract<CallInput, { kind: "refused" }>, env: CallEnv): CallStep {
  if (state.phase !== "joining" || (input.ref ?? state.ref) !== state.ref) return [state, []];
  return PASSING.has(input.code) ? rejoin(state, env) : end(state, input.code, input.message);
}

function gateway(state: CallState, news: "lost" | "resumed" | "ready", env: CallEnv): CallStep {
  if (news === "lost") return [{ ...state, gatewayUp: false }, [{ do: "cancel", name: "join" }]];
  const up = { ...state, gatewayUp: true };
  if (up.channelId === null) return [up, []];
  if (news === "ready") return again(up, env);
  // After a resume, what was being asked when the socket broke may never have arrived.
  return up.phase === "connected" || up.phase === "connecting" ? [up, []] : again(up, env);
}

function timed(state: CallState, input: Extract<CallInput, { kind: "timer" }>, env: CallEnv): CallStep {
  if (input.ref !== state.ref || state.channelId === null) return [state, []];
  if (input.name === "heal")
    return [state, state.isUnstable && state.gatewayUp ? [{ do: "send_restart", channelId: state.channelId }] : []];
  if (input.name === "retry") return state.phase === "reconnecting" ? again(state, env) : [state, []];
  if (state.ref === null) return end(state, "moved");
  return rejoin(state, env);
}

/** Ask once more at once, with a new connection. */
function again(state: CallState, env: CallEnv): CallStep {
  const next: CallState = { ...state, phase: "joining", sessionId: null, ref: env.newRef(), isUnstable: false };
  return [next, [...CANCEL, { do: "close_peer" }, ...ask(next)]];
}

/** Wait a little, then ask again; give up when it was never any good. */
function rejoin(state: CallState, env: CallEnv): CallStep {
  const attempt = state.attempt + 1;
  if (attempt > (state.wasConnected ? TRIES_LATER : TRIES_AT_FIRST)) return end(state, "no_route");
  const next: CallState = {
    ...state,
    phase: "reconnecting",
    sessionId: null,
    ref: env.newRef(),
    attempt,
    isUnstable: false,
  };
  return [next, [...CANCEL, { do: "close_peer" }, { do: "timer", name: "retry", ms: env.backoffMs(attempt - 1) }]];
}

function end(state: CallState, reason: string | null, message?: string): CallStep {
  const ended =
    reason === null || state.channelId === null
      ? null
      : { reason, message: message ?? REASONS[reason] ?? `Voice ended: ${reason}.`, channelId: state.channelId };
  const farewell: CallEffect[] =
    reason === "no_route" && state.channelId !== null ? [{ do: "send_leave", channelId: state.channelId }] : [];
  return [{ ...initialCall, gatewayUp: state.gatewayUp, ended }, [...CANCEL, ...farewell, { do: "close_peer" }]];
}
