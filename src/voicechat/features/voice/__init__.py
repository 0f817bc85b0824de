"""Voice: who is in which voice channel, and the signalling that gets them there."""

from __future__ import annotations

from voicechat.features.voice import service, watch
from voicechat.features.voice.room import voice_states
from voicechat.gateway import CommandHandler
from voicechat.protocol import Command
from voicechat.protocol.voice import (
    VoiceAnswer,
    VoiceDeafen,
    VoiceIceCandidate,
    VoiceJoin,
    VoiceLeave,
    VoiceMute,
    VoiceStats,
    VoiceUndeafen,
    VoiceUnmute,
)

COMMANDS: dict[type[Command], CommandHandler] = {
    VoiceJoin: service.join,
    VoiceLeave: service.leave,
    VoiceAnswer: service.answer,
    VoiceIceCandidate: service.ice_candidate,
    VoiceMute: service.switch,
    VoiceUnmute: service.switch,
    VoiceDeafen: service.switch,
    VoiceUndeafen: service.switch,
    VoiceStats: service.stats,
}

SERVICES = (watch.run,)
LOST = (watch.socket_lost,)
ENDED = (watch.gateway_session_ended,)


__all__ = ["COMMANDS", "ENDED", "LOST", "SERVICES", "voice_states"]
