/** What the voice connection is called at each step: short, for the ping stands beside it in a narrow panel. */
import type { CallState } from "../../rtc/callMachine";

export type CallTone = "busy" | "good" | "shaky";

export interface CallWords {
  text: string;
  tone: CallTone;
}

export function callWords(call: CallState): CallWords {
  switch (call.phase) {
    case "idle":
      return { text: "Not in voice", tone: "busy" };
    case "joining":
      return call.attempt > 0 || !call.gatewayUp
        ? { text: `Reconnecting${call.attempt > 1 ? ` (attempt ${call.attempt})` : ""}`, tone: "shaky" }
        : { text: "Connecting", tone: "busy" };
    case "negotiating":
      return { text: "Finding route", tone: "busy" };
    case "connecting":
      return { text: "Securing", tone: "busy" };
    case "connected":
      return call.isUnstable ? { text: "Unstable", tone: "shaky" } : { text: "Connected", tone: "good" };
    case "reconnecting":
      return { text: `Reconnecting${call.attempt > 1 ? ` (attempt ${call.attempt})` : ""}`, tone: "shaky" };
  }
}
