/** Who is in which voice channel, who speaks, and how well they are connected. */
import type { Id, Participant, VoiceState } from "../protocol";
import { learnUser } from "./guilds";
import type { AppState } from "./model";
import type { Reducers } from "./reducers";
import { isQuiet } from "./selectors";

function forget(state: AppState, userId: Id): void {
  delete state.voice[userId];
  delete state.speaking[userId];
  delete state.quality[userId];
  delete state.priority[userId];
  delete state.whispering[userId];
}

function setIn(set: Record<Id, boolean>, id: Id, isIn: boolean): void {
  if (isIn) set[id] = true;
  else delete set[id];
}

function placeOf(state: AppState, channelId: Id, person: Participant): VoiceState {
  const { user_id, username, display_name, muted, deafened, server_muted, server_deafened, suppressed } = person;
  const { connected, screen_sharing, webcam_active } = person;
  const user = state.users[user_id] ?? { id: user_id, username, display_name, avatar_url: null };
  const guild_id = state.channels[channelId]?.guild_id ?? null;
  return {
    guild_id,
    channel_id: channelId,
    user_id,
    user,
    muted,
    deafened,
    server_muted,
    server_deafened,
    suppressed,
    connected,
    screen_sharing,
    webcam_active,
  };
}

export const voiceReducers: Reducers = {
  voice_state(state, event) {
    const { left_channel_id } = event;
    learnUser(state, event.user);
    if (event.channel_id !== null) {
      state.voice[event.user_id] = { ...event };
      if (isQuiet(event)) delete state.speaking[event.user_id];
      return;
    }
    // A late farewell from the old channel must not hide that they are in a new one.
    const current = state.voice[event.user_id]?.channel_id ?? null;
    if (left_channel_id === null || current === null || current === left_channel_id) forget(state, event.user_id);
  },

  voice_room_state(state, event) {
    const present = new Set(event.participants.map((person) => person.user_id));
    for (const voice of Object.values(state.voice))
      if (voice.channel_id === event.channel_id && !present.has(voice.user_id)) forget(state, voice.user_id);
    state.listeners[event.channel_id] = event.listeners;
    for (const person of event.participants) {
      const voice = placeOf(state, event.channel_id, person);
      learnUser(state, voice.user);
      state.voice[person.user_id] = voice;
      setIn(state.priority, person.user_id, person.priority);
    }
  },

  voice_priority_changed(state, event) {
    setIn(state.priority, event.user_id, event.active);
  },

  voice_offer(state, event) {
    // A later offer of the session leaves the key as it is.
    if (event.revision > 1) return;
    state.pushToTalk = event.push_to_talk_required ? { isOpen: false } : null;
    state.whisperTo = null;
    state.listening = [];
  },

  voice_push_to_talk(state, event) {
    state.pushToTalk = event.required ? { isOpen: event.open } : null;
  },

  voice_whisper_started(state, event) {
    state.whispering[event.user_id] = true;
  },

  voice_whisper_stopped(state, event) {
    delete state.whispering[event.user_id];
  },

  voice_whispering(state, event) {
    const { user_ids: userIds, target_channel_id: channelId } = event;
    state.whisperTo = userIds.length > 0 || channelId !== null ? { userIds, channelId } : null;
  },

  voice_listening(state, event) {
    state.listening = event.channel_ids;
  },

  voice_listeners(state, event) {
    state.listeners[event.channel_id] = event.listeners;
  },

  voice_user_left(state, event) {
    if (state.voice[event.user_id]?.channel_id === event.channel_id) forget(state, event.user_id);
  },

  voice_speaking(state, event) {
    if (event.speaking) state.speaking[event.user_id] = true;
    else delete state.speaking[event.user_id];
  },

  /** One's own meter hears the microphone even while nobody else may. */
  local_speaking(state, event) {
    const voice = state.voice[event.user_id];
    const isSilenced = voice !== undefined && (voice.server_muted || voice.server_deafened || voice.suppressed);
    if (event.speaking && !isSilenced) state.speaking[event.user_id] = true;
    else delete state.speaking[event.user_id];
  },

  voice_user_stats(state, event) {
    const { latency, packet_loss, jitter, quality } = event;
    state.quality[event.user_id] = { latency, packet_loss, jitter, quality };
  },

  /** One's own buttons show at once; the server's word follows. */
  local_own_voice(state, event) {
    const own = state.me ? state.voice[state.me.id] : undefined;
    if (!own) return;
    own.muted = event.muted;
    own.deafened = event.deafened;
    if (event.muted || event.deafened) delete state.speaking[own.user_id];
  },

  local_call_ended(state) {
    state.speaking = {};
    state.priority = {};
    state.pushToTalk = null;
    state.whispering = {};
    state.whisperTo = null;
    state.listening = [];
    state.listeners = {};
    state.quality = {};
  },
};
