/** Who we are and how we are connected. */
import { emptyState } from "./model";
import type { Reducers } from "./reducers";

export const connectionReducers: Reducers = {
  local_connection(state, event) {
    state.connection.phase = event.phase;
    state.connection.attempt = event.attempt;
    state.connection.endReason = event.endReason;
  },

  local_ping(state, event) {
    state.connection.pingMs = Math.round(event.ms);
  },

  local_me(state, event) {
    state.me = event.me;
    const { id, username, display_name, avatar_url } = event.me;
    state.users[id] = { id, username, display_name, avatar_url };
  },

  local_signed_out(state) {
    Object.assign(state, emptyState(), { connection: state.connection });
    state.connection.wasReady = false;
  },

  user_updated(state, event) {
    const { user } = event;
    state.users[user.id] = user;
    if (state.me?.id === user.id) Object.assign(state.me, user);
  },
};
