/** A window for tests: `window.__voicechat`, only where localStorage["voicechat.debug"] is "1". Read-only. */
import type { Id } from "../protocol";
import type { Call } from "../rtc/makeCall";

export interface DebugView {
  /** Phase of the call machine. */
  readonly call: string;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** The peer connection, for getStats; null outside voice. */
  readonly pc: RTCPeerConnection | null;
  /** What is heard, by user id. */
  readonly streams: Record<Id, MediaStream>;
  /** Phase of the gateway machine, and the number of the last event seen. */
  readonly gateway: string;
  readonly seq: number | null;
}

const FLAG = "voicechat.debug";

export function exposeDebugView(call: Call, gateway: () => { phase: string; seq: number | null }): void {
  if (localStorage.getItem(FLAG) !== "1") return;
  const view: DebugView = {
    get call() {
      return call.view.call.phase;
    },
    get muted() {
      return call.view.muted;
    },
    get deafened() {
      return call.view.deafened;
    },
    get pc() {
      return call.connection;
    },
    get streams() {
      return call.streams;
    },
    get gateway() {
      return gateway().phase;
    },
    get seq() {
      return gateway().seq;
    },
  };
  Object.defineProperty(window, "__voicechat", { value: view, writable: false });
}
