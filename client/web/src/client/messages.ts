/** What one does with messages: load, send with retries, edit, delete, mark read. */
import type { Api } from "../net/api";
import { backoffMs } from "../net/backoff";
import { messageOf, Problem } from "../net/problem";
import { randomId } from "../net/randomId";
import type { Id } from "../protocol";
import type { AppState } from "../state/model";
import type { AppStore } from "../state/store";

const PAGE = 50;
/** A server that answers with trouble is asked so often again, one that is away for a minute and a half. */
const TRIES = 6;
const TRIES_OFFLINE = 36;

export interface MessageActions {
  loadLatest(channelId: Id): Promise<void>;
  loadOlder(channelId: Id): Promise<void>;
  loadNewer(channelId: Id): Promise<void>;
  /** Show the history around a message; false when that message is gone. Throws a Problem. */
  loadAround(channelId: Id, messageId: Id): Promise<boolean>;
  send(channelId: Id, content: string, replyTo: Id | null): void;
  retry(channelId: Id, nonce: string): void;
  discard(channelId: Id, nonce: string): void;
  /** Everything in the channel has been seen. */
  markRead(channelId: Id): void;
}

export function makeMessageActions(
  api: Api,
  { state, dispatch }: AppStore,
  sleep: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): MessageActions {
  const timeline = (channelId: Id): AppState["timelines"][Id] | undefined => state.timelines[channelId];

  async function loadLatest(channelId: Id): Promise<void> {
    dispatch({ type: "local_history_loading", channel_id: channelId, older: false });
    try {
      const page = await api.messages.list(channelId, { limit: PAGE });
      dispatch({ type: "local_history", channel_id: channelId, page, older: false });
    } catch {
      dispatch({ type: "local_history_failed", channel_id: channelId, older: false });
    }
  }

  async function loadOlder(channelId: Id): Promise<void> {
    const known = timeline(channelId);
    const oldest = known?.items[0]?.id;
    if (!known || !oldest || known.loadingOlder || !known.hasOlder) return;
    dispatch({ type: "local_history_loading", channel_id: channelId, older: true });
    try {
      const page = await api.messages.list(channelId, { before: oldest, limit: PAGE });
      dispatch({ type: "local_history", channel_id: channelId, page, older: true });
    } catch {
      dispatch({ type: "local_history_failed", channel_id: channelId, older: true });
    }
  }

  async function loadNewer(channelId: Id): Promise<void> {
    const known = timeline(channelId);
    const newest = known?.items.at(-1)?.id;
    if (!known?.hasNewer || !newest || known.loadingNewer) return;
    dispatch({ type: "local_history_newer_loading", channel_id: channelId });
    const page = await api.messages.list(channelId, { after: newest, limit: PAGE }).catch(() => null);
    // Another stretch may have been loaded meanwhile.
    const isStill = timeline(channelId)?.items.at(-1)?.id === newest;
    dispatch({ type: "local_history_newer", channel_id: channelId, page: isStill ? page : null });
  }

  async function loadAround(channelId: Id, messageId: Id): Promise<boolean> {
    const page = await api.messages.list(channelId, { around: messageId, limit: PAGE });
    if (!page.items.some((message) => message.id === messageId)) return false;
    dispatch({ type: "local_history_around", channel_id: channelId, page });
    return true;
  }

  /** Post until it is answered; the key makes it harmless when an answer was lost on the way. */
  async function deliver(channelId: Id, nonce: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const pending = timeline(channelId)?.pending.find((each) => each.nonce === nonce);
      if (pending?.state !== "sending") return;
      const { content, reply_to } = pending;
      try {
        const message = await api.messages.post(channelId, { content, nonce, reply_to }, nonce);
        dispatch({ type: "local_posted", message });
        return;
      } catch (reason) {
        const isPassing = reason instanceof Problem && reason.isPassing;
        const tries = isPassing && reason.status === 0 ? TRIES_OFFLINE : TRIES;
        if (!isPassing || attempt >= tries) {
          dispatch({ type: "local_pending_failed", channel_id: channelId, nonce, error: messageOf(reason) });
          return;
        }
        await sleep(reason.retryAfterS === null ? backoffMs(attempt) : reason.retryAfterS * 1000);
      }
    }
  }

  return {
    loadLatest,
    loadOlder,
    loadNewer,
    loadAround,

    send(channelId, content, replyTo) {
      const nonce = randomId();
      dispatch({
        type: "local_pending",
        channel_id: channelId,
        pending: {
          nonce,
          content,
          reply_to: replyTo,
          created_at: new Date().toISOString(),
          state: "sending",
          error: null,
        },
      });
      dispatch({ type: "local_divider", channel_id: channelId, after: null });
      if (timeline(channelId)?.hasNewer) void loadLatest(channelId);
      void deliver(channelId, nonce);
    },

    retry(channelId, nonce) {
      dispatch({ type: "local_pending_retried", channel_id: channelId, nonce });
      void deliver(channelId, nonce);
    },

    discard: (channelId, nonce) => dispatch({ type: "local_pending_dropped", channel_id: channelId, nonce }),

    markRead(channelId) {
      const channel = state.channels[channelId];
      if (!channel || channel.last_message_id === null || channel.last_message_id === channel.last_read_message_id)
        return;
      dispatch({ type: "local_read", channel_id: channelId });
      // When it does not arrive, the channel is merely unread again later.
      void api.channels.read(channelId, channel.last_message_id).catch(() => undefined);
    },
  };
}
