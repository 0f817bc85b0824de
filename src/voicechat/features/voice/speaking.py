"""Who is told that somebody speaks: the room and all who listen in to it, or those a whisper is for."""

from __future__ import annotations

from voicechat.features.voice import rules
from voicechat.features.voice.room import room_of, room_topic
from voicechat.features.voice.rules import Occupant
from voicechat.house import House
from voicechat.protocol.voice import VoiceSpeaking


def tell_speaking(house: House, occupant: Occupant, *, is_speaking: bool | None = None) -> None:
    """Tell whoever hears the occupant whether they speak (or what is given instead)."""
    speaking = occupant.speaking if is_speaking is None else is_speaking
    room, user_id = room_of(house), occupant.user.id
    if occupant.whisper is None:
        event = VoiceSpeaking(channel_id=occupant.channel_id, user_id=user_id, speaking=speaking)
        house.hub.publish(room_topic(occupant.channel_id), event)
        return
    for hearer in rules.hearers(room.occupancy, occupant):
        event = VoiceSpeaking(channel_id=hearer.channel_id, user_id=user_id, speaking=speaking)
        room.connection_of(hearer).send(event)
