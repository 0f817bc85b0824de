/** Events that start in the client itself; they enter the store the same way as the server's. */
import type { AnyEvent, Id, Me, Member, Message, Messages } from "../protocol";
import type { ConnectionPhase, PendingMessage } from "./model";

export type LocalEvent =
  | { type: "local_connection"; phase: ConnectionPhase; attempt: number; endReason: string | null }
  | { type: "local_ping"; ms: number }
  | { type: "local_me"; me: Me }
  | { type: "local_signed_out" }
  | { type: "local_members_loading"; guild_id: Id }
  | { type: "local_members"; guild_id: Id; members: Member[]; complete: boolean }
  | { type: "local_members_failed"; guild_id: Id }
  | { type: "local_history_loading"; channel_id: Id; older: boolean }
  | { type: "local_history"; channel_id: Id; page: Messages; older: boolean }
  | { type: "local_history_failed"; channel_id: Id; older: boolean }
  | { type: "local_history_around"; channel_id: Id; page: Messages }
  | { type: "local_history_newer_loading"; channel_id: Id }
  /** Without a page it could not be loaded. */
  | { type: "local_history_newer"; channel_id: Id; page: Messages | null }
  | { type: "local_history_left"; channel_id: Id }
  | { type: "local_pending"; channel_id: Id; pending: PendingMessage }
  | { type: "local_pending_failed"; channel_id: Id; nonce: string; error: string }
  | { type: "local_pending_retried"; channel_id: Id; nonce: string }
  | { type: "local_pending_dropped"; channel_id: Id; nonce: string }
  | { type: "local_posted"; message: Message }
  | { type: "local_viewing"; channel_id: Id | null }
  | { type: "local_divider"; channel_id: Id; after: Id | null }
  | { type: "local_read"; channel_id: Id }
  | { type: "local_typing_swept" }
  | { type: "local_speaking"; user_id: Id; speaking: boolean }
  | { type: "local_own_voice"; muted: boolean; deafened: boolean }
  | { type: "local_call_ended" };

export type StoreEvent = AnyEvent | LocalEvent;
export type EventOf<T extends StoreEvent["type"]> = Extract<StoreEvent, { type: T }>;
