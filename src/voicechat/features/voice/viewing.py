"""How much a viewer wants of what others show, and what of it they are sent."""

from __future__ import annotations

from msgspec import UNSET

from voicechat.errors import NotFound
from voicechat.features.voice.room import room_of
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.media import Layer, LayerChanged, Preference, Withheld
from voicechat.protocol.video import ActiveLayer, LayerReason, VoiceLayerChanged, VoiceSetLayerPreference

_ACTIVE: dict[Layer, ActiveLayer] = {Layer.HIGH: "high", Layer.MEDIUM: "medium", Layer.LOW: "low"}
_REASONS: dict[Withheld, LayerReason] = {
    Withheld.NO_CODEC: "no_codec",
    Withheld.NO_SLOT: "no_slot",
    Withheld.NO_PACKETS: "no_packets",
    Withheld.BANDWIDTH: "bandwidth",
}


async def prefer(house: House, connection: Connection, command: VoiceSetLayerPreference) -> None:
    """Note how much the caller wants of a stream that somebody else in the room shows."""
    room = room_of(house)
    occupant = room.own_session(connection, command.channel_id)
    target = room.occupancy.of_user(command.target_user_id)
    is_here = target is not None and target is not occupant and target.channel_id == occupant.channel_id
    if target is None or not is_here or command.track_source not in target.sources:
        raise NotFound("nobody shows this in your voice channel", code="STREAM_NOT_FOUND")
    preference = Preference(command.preferred_layer)
    house.media.prefer(occupant.peer_id, target.user.id, command.track_source, preference)


async def layer_changed(house: House, event: LayerChanged) -> None:
    """Tell a viewer what they are sent of a stream."""
    room = room_of(house)
    occupant = room.occupancy.of_peer(event.peer_id)
    if occupant is None:
        return
    changed = VoiceLayerChanged(
        channel_id=occupant.channel_id,
        source_user_id=event.source_user_id,
        track_source=event.source,
        active_layer=None if event.layer is None else _ACTIVE[event.layer],
        reason=UNSET if event.reason is None else _REASONS[event.reason],
    )
    room.connection_of(occupant).send(changed)
