"""Voice: who is in which voice channel, and the signalling that gets them there."""

from __future__ import annotations

from voicechat.features.voice import (
    afk,
    listening,
    priority,
    screens,
    service,
    switches,
    viewing,
    watch,
    webcams,
    whispers,
)
from voicechat.features.voice.room import voice_states
from voicechat.gateway import CommandHandler
from voicechat.protocol import Command
from voicechat.protocol.video import (
    VoiceScreenShareSetQuality,
    VoiceScreenShareStart,
    VoiceScreenShareStop,
    VoiceSetLayerPreference,
    VoiceWebcamStart,
    VoiceWebcamStop,
)
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceDeafen,
    VoiceIceCandidate,
    VoiceIceRestart,
    VoiceJoin,
    VoiceLeave,
    VoiceMute,
    VoiceStats,
    VoiceUndeafen,
    VoiceUnmute,
)
from voicechat.protocol.voice_routes import (
    VoiceListen,
    VoiceListenStop,
    VoicePriority,
    VoiceWhisper,
    VoiceWhisperStop,
)

COMMANDS: dict[type[Command], CommandHandler] = {
    VoiceJoin: service.join,
    VoiceLeave: service.leave,
    VoiceAnswer: service.answer,
    VoiceIceCandidate: service.ice_candidate,
    VoiceIceRestart: service.ice_restart,
    VoiceMute: switches.mute,
    VoiceUnmute: switches.unmute,
    VoiceDeafen: switches.deafen,
    VoiceUndeafen: switches.deafen,
    VoicePriority: priority.switch,
    VoiceWhisper: whispers.start,
    VoiceWhisperStop: whispers.stop,
    VoiceListen: listening.start,
    VoiceListenStop: listening.stop,
    VoiceStats: service.stats,
    VoiceScreenShareStart: screens.start,
    VoiceScreenShareStop: screens.stop,
    VoiceScreenShareSetQuality: screens.set_quality,
    VoiceWebcamStart: webcams.start,
    VoiceWebcamStop: webcams.stop,
    VoiceSetLayerPreference: viewing.prefer,
}

SERVICES = (watch.run, afk.run)
LOST = (watch.socket_lost,)
ENDED = (watch.gateway_session_ended,)


__all__ = ["COMMANDS", "ENDED", "LOST", "SERVICES", "voice_states"]
