/** Timelines: what was said, what is on its way, who is typing. */
import type { Id, Message } from "../protocol";
import { learnUser } from "./guilds";
import type { AppState, Timeline } from "./model";
import { emptyTimeline } from "./model";
import type { Reducers } from "./reducers";

/** Seconds after which a typist who says nothing more is forgotten. */
const TYPING_MS = 8_000;
/** A timeline that grows while nobody scrolls up in it is cut back to this. */
const KEEP_ITEMS = 400;

function timelineOf(state: AppState, channelId: Id): Timeline {
  return (state.timelines[channelId] ??= emptyTimeline());
}

/** Insert by id, which is by time (UUIDv7); a message that is there already is replaced. */
function insert(timeline: Timeline, message: Message): boolean {
  let at = timeline.items.length;
  while (at > 0 && timeline.items[at - 1]!.id > message.id) at--;
  if (at > 0 && timeline.items[at - 1]!.id === message.id) {
    timeline.items[at - 1] = message;
    return false;
  }
  timeline.items.splice(at, 0, message);
  return true;
}

function settle(timeline: Timeline, message: Message): void {
  if (message.nonce === null) return;
  timeline.pending = timeline.pending.filter((pending) => pending.nonce !== message.nonce);
}

/** A message is there: by event or by the answer to our own post, whichever comes first. */
function arrive(state: AppState, message: Message): void {
  learnUser(state, message.author);
  const mine = message.author?.id === state.me?.id;
  const timeline = state.timelines[message.channel_id];
  let isNew = true;
  if (timeline) {
    // While the present is being fetched it is kept: the answer may have been made before it.
    if (!timeline.hasNewer || timeline.load === "loading") isNew = insert(timeline, message);
    if (mine) settle(timeline, message);
  }
  if (message.author) delete state.typing[message.channel_id]?.[message.author.id];
  countUnread(state, message, mine, isNew);
}

function countUnread(state: AppState, message: Message, mine: boolean, isNew: boolean): void {
  const channel = state.channels[message.channel_id];
  if (!channel || (channel.last_message_id !== null && message.id <= channel.last_message_id)) return;
  channel.last_message_id = message.id;
  if (mine) channel.last_read_message_id = message.id;
  else if (isNew && state.viewing !== channel.id) channel.unread_count += 1;
}

/** Take in the newest page: join it to what is loaded, or start anew when there is a gap between. */
function takeLatest(timeline: Timeline, page: Message[], hasMore: boolean): void {
  timeline.hasNewer = false;
  const oldest = page.at(-1);
  const joins = oldest !== undefined && timeline.items.some((message) => message.id === oldest.id);
  if (joins) {
    const deleted = (message: Message): boolean =>
      message.id > oldest.id && !page.some((each) => each.id === message.id);
    timeline.items = timeline.items.filter((message) => !timeline.stale || !deleted(message));
    for (const message of page) insert(timeline, message);
    return;
  }
  const newest = page[0];
  const later = timeline.items.filter((message) => !timeline.stale && newest !== undefined && message.id > newest.id);
  timeline.items = [...page.toReversed(), ...later];
  timeline.hasOlder = hasMore;
}

export const messageReducers: Reducers = {
  message_new: (state, event) => arrive(state, event.message),
  local_posted: (state, event) => arrive(state, event.message),

  message_edit(state, event) {
    const timeline = state.timelines[event.channel_id];
    const at = timeline?.items.findIndex((message) => message.id === event.message_id) ?? -1;
    if (timeline && at >= 0) timeline.items[at] = event.message;
  },

  message_delete(state, event) {
    const timeline = state.timelines[event.channel_id];
    if (timeline) timeline.items = timeline.items.filter((message) => message.id !== event.message_id);
  },

  local_history_loading(state, event) {
    const timeline = timelineOf(state, event.channel_id);
    if (event.older) timeline.loadingOlder = true;
    else timeline.load = "loading";
  },

  local_history(state, event) {
    const timeline = timelineOf(state, event.channel_id);
    const { items, has_more } = event.page;
    for (const message of items) learnUser(state, message.author);
    if (event.older) {
      const known = timeline.items[0]?.id;
      timeline.items = [
        ...items.toReversed().filter((message) => known === undefined || message.id < known),
        ...timeline.items,
      ];
      timeline.hasOlder = has_more;
      timeline.loadingOlder = false;
      return;
    }
    takeLatest(timeline, items, has_more);
    for (const message of items) if (message.author?.id === state.me?.id) settle(timeline, message);
    timeline.load = "ready";
    timeline.stale = false;
  },

  local_history_failed(state, event) {
    const timeline = timelineOf(state, event.channel_id);
    if (event.older) timeline.loadingOlder = false;
    else timeline.load = "failed";
  },

  /** Look at the past: the page takes the place of what was loaded. */
  local_history_around(state, event) {
    const { items, has_more } = event.page;
    for (const message of items) learnUser(state, message.author);
    const last = state.channels[event.channel_id]?.last_message_id ?? null;
    const newest = items[0]?.id;
    Object.assign(timelineOf(state, event.channel_id), {
      items: items.toReversed(),
      load: "ready",
      hasOlder: has_more,
      hasNewer: last !== null && newest !== undefined && newest < last,
      stale: false,
    });
  },

  local_history_newer_loading(state, event) {
    timelineOf(state, event.channel_id).loadingNewer = true;
  },

  local_history_newer(state, event) {
    const timeline = timelineOf(state, event.channel_id);
    timeline.loadingNewer = false;
    if (!event.page || !timeline.hasNewer) return;
    for (const message of event.page.items.toReversed()) {
      learnUser(state, message.author);
      insert(timeline, message);
    }
    timeline.hasNewer = event.page.has_more;
  },

  /** Whoever comes back to a channel comes to the present. */
  local_history_left(state, event) {
    const timeline = state.timelines[event.channel_id];
    if (timeline?.hasNewer) Object.assign(timeline, { ...emptyTimeline(), pending: timeline.pending });
  },

  local_pending(state, event) {
    timelineOf(state, event.channel_id).pending.push(event.pending);
  },

  local_pending_failed(state, event) {
    const pending = state.timelines[event.channel_id]?.pending.find((each) => each.nonce === event.nonce);
    if (pending) Object.assign(pending, { state: "failed", error: event.error });
  },

  local_pending_retried(state, event) {
    const pending = state.timelines[event.channel_id]?.pending.find((each) => each.nonce === event.nonce);
    if (pending) Object.assign(pending, { state: "sending", error: null });
  },

  local_pending_dropped(state, event) {
    const timeline = state.timelines[event.channel_id];
    if (timeline) timeline.pending = timeline.pending.filter((each) => each.nonce !== event.nonce);
  },

  /** Leaving a channel is the moment to let go of a long history. */
  local_viewing(state, event) {
    for (const [channelId, timeline] of Object.entries(state.timelines)) {
      if (channelId === event.channel_id || timeline.items.length <= KEEP_ITEMS) continue;
      timeline.items = timeline.items.slice(-KEEP_ITEMS);
      timeline.hasOlder = true;
    }
  },

  typing_start(state, event, now) {
    if (event.user_id === state.me?.id) return;
    const typists = (state.typing[event.channel_id] ??= {});
    typists[event.user_id] = { name: event.display_name, until: now + TYPING_MS };
  },

  typing_stop(state, event) {
    delete state.typing[event.channel_id]?.[event.user_id];
  },

  local_typing_swept(state, _event, now) {
    for (const typists of Object.values(state.typing))
      for (const [userId, typist] of Object.entries(typists)) if (typist.until <= now) delete typists[userId];
  },
};
