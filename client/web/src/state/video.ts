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

function dropShare(state: AppState, key: string): void {
  delete state.shares[key];
  delete state.layers[key];
}

function dropWebcam(state: AppState, userId: Id): void {
  delete state.webcams[userId];
  delete state.layers[streamKey(userId, WEBCAM)];
}

function isShown(state: AppState, key: string): boolean {
  return key in state.shares || Object.keys(state.webcams).some((userId) => streamKey(userId, WEBCAM) === key);
}

/** Somebody is gone, and with them all they showed. */
function dropAll(state: AppState, userId: Id): void {
  for (const [key, share] of Object.entries(state.shares)) if (share.user_id === userId) dropShare(state, key);
  dropWebcam(state, userId);
}

export const videoReducers: Reducers = {
  voice_room_state(state, event) {
    state.shares = {};
    state.webcams = {};
    for (const share of event.screen_shares) putShare(state, share);
    for (const webcam of event.webcams) putWebcam(state, webcam);
    for (const key of Object.keys(state.layers)) if (!isShown(state, key)) delete state.layers[key];
  },

  screen_share_started: putShare,

  screen_share_quality_changed(state, event) {
    const share = state.shares[streamKey(event.user_id, screenVideo(event.stream_id))];
    if (share) share.quality = event.quality;
  },

  screen_share_stopped(state, event) {
    dropShare(state, streamKey(event.user_id, screenVideo(event.stream_id)));
  },

  webcam_started: putWebcam,

  webcam_stopped(state, event) {
    dropWebcam(state, event.user_id);
  },

  voice_layer_changed(state, event) {
    // Of a share's sound there is one layer only.
    if (event.track_source === WEBCAM || event.track_source === screenVideo(shareOf(event.track_source) ?? ""))
      state.layers[streamKey(event.source_user_id, event.track_source)] = event.active_layer;
  },

  voice_user_left(state, event) {
    dropAll(state, event.user_id);
  },

  local_call_ended(state) {
    state.shares = {};
    state.webcams = {};
    state.layers = {};
  },
};
