/** Who shows what in the room one is in, and how large it reaches us. */
import type { Id } from "../protocol";
import { screenVideo, shareOf, streamKey, WEBCAM } from "../protocol";
import type { AppState, Share, Webcam } from "./model";
import type { Reducers } from "./reducers";

function putShare(state: AppState, { channel_id, user_id, stream_id, ...rest }: Share): void {
  const { source_label, has_audio, quality, started_at } = rest;
  state.shares[streamKey(user_id, screenVideo(stream_id))] = {
    channel_id,
    user_id,
    stream_id,
    source_label,
    has_audio,
    quality,
    started_at,
  };
}

function putWebcam(state: AppState, { channel_id, user_id, quality }: Webcam): void {
  state.webcams[user_id] = { channel_id, user_id, quality };
}

/** All that somebody shows. */
function dropShown(state: AppState, userId: Id): void {
  for (const [key, share] of Object.entries(state.shares)) if (share.user_id === userId) delete state.shares[key];
  delete state.webcams[userId];
}

/** What reaches us of streams that are no more. */
function forgetLayers(state: AppState): void {
  for (const key of Object.keys(state.layers)) if (!isShown(state, key)) delete state.layers[key];
}

function isShown(state: AppState, key: string): boolean {
  return key in state.shares || Object.keys(state.webcams).some((userId) => streamKey(userId, WEBCAM) === key);
}

export const videoReducers: Reducers = {
  voice_room_state(state, event) {
    for (const { channel_id, user_id } of [...Object.values(state.shares), ...Object.values(state.webcams)])
      if (channel_id === event.channel_id) dropShown(state, user_id);
    for (const share of event.screen_shares) putShare(state, share);
    for (const webcam of event.webcams) putWebcam(state, webcam);
    forgetLayers(state);
  },

  screen_share_started: putShare,

  screen_share_quality_changed(state, event) {
    const share = state.shares[streamKey(event.user_id, screenVideo(event.stream_id))];
    if (share) share.quality = event.quality;
  },

  screen_share_stopped(state, event) {
    delete state.shares[streamKey(event.user_id, screenVideo(event.stream_id))];
    forgetLayers(state);
  },

  webcam_started: putWebcam,

  webcam_stopped(state, event) {
    delete state.webcams[event.user_id];
    forgetLayers(state);
  },

  voice_layer_changed(state, event) {
    // Of a share's sound there is one layer only.
    if (event.track_source === WEBCAM || event.track_source === screenVideo(shareOf(event.track_source) ?? ""))
      state.layers[streamKey(event.source_user_id, event.track_source)] =
        event.active_layer ?? event.reason ?? "bandwidth";
  },

  voice_user_left(state, event) {
    dropShown(state, event.user_id);
    forgetLayers(state);
  },

  local_call_ended(state) {
    state.shares = {};
    state.webcams = {};
    state.layers = {};
  },
};
