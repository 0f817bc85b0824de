/** Channels, categories and what is unread in them. */
import type { Channel, Id } from "../protocol";
import type { AppState } from "./model";
import type { Reducers } from "./reducers";

/** Put a channel in; what is known of newer messages than the channel's own word of them is kept. */
export function placeChannel(state: AppState, channel: Channel): void {
  const known = state.channels[channel.id];
  const isNewer = known?.last_message_id != null && known.last_message_id >= (channel.last_message_id ?? "");
  if (known && isNewer) {
    const { unread_count, last_message_id, last_read_message_id } = known;
    state.channels[channel.id] = { ...channel, unread_count, last_message_id, last_read_message_id };
    return;
  }
  state.channels[channel.id] = channel;
}

export function forgetChannel(state: AppState, channelId: Id): void {
  delete state.channels[channelId];
  delete state.timelines[channelId];
  delete state.typing[channelId];
  delete state.dividers[channelId];
  for (const voice of Object.values(state.voice)) if (voice.channel_id === channelId) delete state.voice[voice.user_id];
}

export const channelReducers: Reducers = {
  channel_created: (state, event) => placeChannel(state, event.channel),
  channel_updated: (state, event) => placeChannel(state, event.channel),
  channel_deleted: (state, event) => forgetChannel(state, event.channel_id),

  category_created(state, event) {
    state.categories[event.category.id] = event.category;
  },

  category_updated(state, event) {
    state.categories[event.category.id] = event.category;
  },

  category_deleted(state, event) {
    delete state.categories[event.category_id];
    for (const channel of Object.values(state.channels))
      if (channel.category_id === event.category_id) channel.category_id = null;
  },

  channel_read(state, event) {
    const channel = state.channels[event.channel_id];
    if (!channel) return;
    channel.unread_count = event.unread_count;
    channel.last_read_message_id = event.last_read_message_id;
  },

  local_read(state, event) {
    const channel = state.channels[event.channel_id];
    if (!channel) return;
    channel.unread_count = 0;
    channel.last_read_message_id = channel.last_message_id;
  },

  local_viewing(state, event) {
    state.viewing = event.channel_id;
  },

  local_divider(state, event) {
    if (event.after === null) delete state.dividers[event.channel_id];
    else state.dividers[event.channel_id] = event.after;
  },
};
