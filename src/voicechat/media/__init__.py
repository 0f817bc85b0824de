"""The media room: runs the native engine, feeds DTLS, owns the lifetimes of peers.

async with open_media(settings.media, host=settings.server.host) as media:
    offer = await media.join(room_id=…, peer_id=…, user_id=…, may_speak=True)
    async for event in media.events: ...
"""

from voicechat.media.calls import Media
from voicechat.media.events import (
    LayerChanged,
    MediaEvent,
    OfferChanged,
    PeerConnected,
    PeerLost,
    SendLine,
    SlotsChanged,
    Speaking,
    StreamLost,
    StreamLostReason,
)
from voicechat.media.lifetime import open_media
from voicechat.media.stats import ConnectedPeer, DirectionStats, PeerStats
from voicechat.rtc.layers import Layer, Preference, Withheld
from voicechat.rtc.negotiation import OpusSettings
from voicechat.rtc.peer import GoneReason, PeerTimers
from voicechat.rtc.rooms import Whisper
from voicechat.rtc.routes import SlotState

__all__ = [
    "ConnectedPeer",
    "DirectionStats",
    "GoneReason",
    "Layer",
    "LayerChanged",
    "Media",
    "MediaEvent",
    "OfferChanged",
    "OpusSettings",
    "PeerConnected",
    "PeerLost",
    "PeerStats",
    "PeerTimers",
    "Preference",
    "SendLine",
    "SlotState",
    "SlotsChanged",
    "Speaking",
    "StreamLost",
    "StreamLostReason",
    "Whisper",
    "Withheld",
    "open_media",
]
