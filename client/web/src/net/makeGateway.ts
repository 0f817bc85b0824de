/** Run the gateway machine on a real WebSocket, real timers and the session's token. */
import type { AnyCommand, AnyEvent } from "../protocol";
import type { GatewayEffect, GatewayInput, GatewayState, Frame, TimerName } from "./gatewayMachine";
import { initialGateway, stepGateway } from "./gatewayMachine";
import { Problem } from "./problem";
import type { Session } from "./session";
import type { Timers } from "./timers";

export interface GatewayEnv {
  url: () => string;
  session: Session;
  timers: Timers;
  WebSocket: typeof WebSocket;
  onEvent: (event: AnyEvent) => void;
  onState: (state: GatewayState) => void;
  /** Round trip of a heartbeat in ms. */
  onPing?: (ms: number) => void;
  now?: () => number;
}

export interface Gateway {
  start(): void;
  stop(): void;
  /** The network may have changed: check the connection now. */
  wake(): void;
  /** Send when connected; false when not (ephemeral commands are then lost, and that is meant). */
  send(command: AnyCommand): boolean;
  readonly state: GatewayState;
}

export function makeGateway(env: GatewayEnv): Gateway {
  const now = env.now ?? (() => performance.now());
  let state: GatewayState = initialGateway;
  let socket: WebSocket | null = null;
  let generation = 0;
  let pingSentAt: number | null = null;
  const timers = new Map<TimerName, () => void>();

  function input(happened: GatewayInput): void {
    const before = state;
    const [next, effects] = stepGateway(state, happened);
    state = next;
    effects.forEach(run);
    if (next.phase !== before.phase || next.attempt !== before.attempt) env.onState(next);
  }

  function run(effect: GatewayEffect): void {
    switch (effect.do) {
      case "connect":
        void connect(effect.renewToken);
        break;
      case "send":
        transmit(effect.command);
        break;
      case "drop_socket":
        dropSocket();
        break;
      case "timer":
        timers.get(effect.name)?.();
        timers.set(
          effect.name,
          env.timers.after(effect.ms, () => input({ kind: "timer", name: effect.name })),
        );
        break;
      case "cancel":
        timers.get(effect.name)?.();
        timers.delete(effect.name);
        break;
      case "deliver":
        env.onEvent(effect.event);
        break;
    }
  }

  async function connect(renewToken: boolean): Promise<void> {
    const mine = ++generation;
    try {
      const token = await (renewToken
        ? env.session.token().then((old) => env.session.renew(old))
        : env.session.token());
      if (mine === generation) openSocket(mine, token);
    } catch (reason) {
      if (mine !== generation) return;
      const refused = reason instanceof Problem && (reason.status === 401 || reason.status === 403);
      input(refused ? { kind: "token_refused" } : { kind: "closed", code: 0 });
    }
  }

  function openSocket(mine: number, token: string): void {
    const opening = new env.WebSocket(env.url(), ["voicechat.v1", `access_token.${token}`]);
    socket = opening;
    const current = (act: () => void) => () => {
      if (mine === generation) act();
    };
    opening.onopen = current(() => input({ kind: "opened" }));
    opening.onmessage = (message) => {
      if (mine === generation) receive(message.data as string);
    };
    opening.onclose = (closing) => current(() => input({ kind: "closed", code: closing.code }))();
  }

  function receive(text: string): void {
    const frame = JSON.parse(text) as Frame;
    if (frame.type === "pong" && pingSentAt !== null) {
      env.onPing?.(now() - pingSentAt);
      pingSentAt = null;
    }
    input({ kind: "frame", frame });
  }

  function transmit(command: AnyCommand): boolean {
    if (socket?.readyState !== env.WebSocket.OPEN) return false;
    if (command.type === "ping") pingSentAt = now();
    socket.send(JSON.stringify(command));
    return true;
  }

  function dropSocket(): void {
    generation++;
    socket?.close();
    socket = null;
  }

  return {
    start: () => input({ kind: "start" }),
    stop: () => input({ kind: "stop" }),
    wake: () => input({ kind: "wake" }),
    send: (command) => state.phase === "ready" && transmit(command),
    get state() {
      return state;
    },
  };
}
