import { describe, expect, it, vi } from "vitest";
import type { AnyEvent } from "../protocol";
import { makeGateway } from "./makeGateway";
import { makeSession } from "./session";
import type { Timers } from "./timers";

class FakeSocket {
  static readonly OPEN = 1;
  static last: FakeSocket;
  static protocols: string[][] = [];
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((closing: { code: number }) => void) | null = null;

  constructor(
    readonly url: string,
    protocols: string[],
  ) {
    FakeSocket.last = this;
    FakeSocket.protocols.push(protocols);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }
  tell(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function fixture() {
  const due: { act: () => void; ms: number }[] = [];
  const timers: Timers = {
    after(ms, act) {
      const entry = { act, ms };
      due.push(entry);
      return () => void due.splice(due.indexOf(entry) >>> 0, 1);
    },
  };
  const session = makeSession({
    refresh: () =>
      Promise.resolve({
        user_id: "u",
        access_token: "jwt",
        refresh_token: null,
        token_type: "Bearer",
        expires_in: 900,
      }),
    onLost: () => undefined,
  });
  const events: AnyEvent[] = [];
  const phases: string[] = [];
  const gateway = makeGateway({
    url: () => "ws://test/ws",
    session,
    timers,
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    onEvent: (event) => events.push(event),
    onState: (state) => phases.push(state.phase),
  });
  return { gateway, events, phases, due };
}

async function connected() {
  const made = fixture();
  const opened = FakeSocket.protocols.length;
  made.gateway.start();
  await vi.waitFor(() => expect(FakeSocket.protocols).toHaveLength(opened + 1));
  FakeSocket.last.open();
  FakeSocket.last.tell({ type: "ready", session_id: "s1", heartbeat_interval_s: 20, seq: 1 });
  return made;
}

describe("makeGateway", () => {
  it("offers the protocol and the token, never an address with the token in it", async () => {
    const { phases, gateway } = await connected();
    expect(FakeSocket.protocols.at(-1)).toEqual(["voicechat.v1", "access_token.jwt"]);
    expect(phases).toEqual(["connecting", "authenticating", "ready"]);
    gateway.stop();
  });

  it("sends commands only while connected", async () => {
    const { gateway } = await connected();
    expect(gateway.send({ type: "typing", channel_id: "c" })).toBe(true);
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "typing", channel_id: "c" });
    gateway.stop();
    expect(gateway.send({ type: "typing", channel_id: "c" })).toBe(false);
  });

  it("reconnects with a new socket and resumes", async () => {
    const { due, gateway } = await connected();
    const first = FakeSocket.last;
    first.onclose?.({ code: 1006 });
    due.at(-1)?.act();
    await vi.waitFor(() => expect(FakeSocket.last).not.toBe(first));
    FakeSocket.last.open();
    expect(FakeSocket.last.sent).toEqual([{ type: "resume", session_id: "s1", seq: 1 }]);
    gateway.stop();
  });

  it("ignores what an abandoned socket still says", async () => {
    const { gateway, events } = await connected();
    const old = FakeSocket.last;
    gateway.stop();
    old.tell({ type: "guild_deleted", guild_id: "g", reason: "left", seq: 2 });
    expect(events.map((event) => event.type)).toEqual(["ready"]);
  });
});
