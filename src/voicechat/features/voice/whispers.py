"""Whispers: somebody is heard by a few people, or by another channel, and by nobody else meanwhile.

A whisper is bound to the voice sessions it was meant for: whoever changes channels hears it no more, so that
what the whisperer may see of channels is never asked for a channel they did not mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voicechat.access import require_bits
from voicechat.errors import Conflict, Invalid, NotFound
from voicechat.features.voice import queries, rules
from voicechat.features.voice.queries import Sight
from voicechat.features.voice.room import room_of
from voicechat.features.voice.rules import Occupant
from voicechat.features.voice.speaking import tell_speaking
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.media import Whisper
from voicechat.protocol import Event, Permission
from voicechat.protocol.voice import VoiceSpeaking
from voicechat.protocol.voice_routes import (
    VoiceWhisper,
    VoiceWhispering,
    VoiceWhisperStarted,
    VoiceWhisperStop,
    VoiceWhisperStopped,
)


async def start(house: House, connection: Connection, command: VoiceWhisper) -> None:
    """Let the caller be heard by the targets alone (WHISPER); the answer comes when the engine does it."""
    if not command.user_ids and command.channel_id is None:
        raise Invalid("expected somebody to whisper to: user_ids, a channel_id or both")
    async with room_of(house).turn(connection.caller.user_id):  # as for everything that takes a bit
        occupant = await _start(house, connection, command)
    connection.send(_whispering(house, occupant, command))


async def _start(house: House, connection: Connection, command: VoiceWhisper) -> Occupant:
    room = room_of(house)
    occupant = room.own_session(connection)
    sights = await queries.sights(house, occupant.user.id, occupant.guild_id)
    room.require_present(occupant)
    require_bits(_bits(sights, occupant.channel_id), Permission.WHISPER, Permission.VOICE_SPEAK)
    targets = _targets(house, occupant, sights, command.user_ids)
    _require_channel(sights, command.channel_id)
    if not targets and command.channel_id is None:
        raise NotFound("none of them is in voice where you may look", code="NOBODY_TO_HEAR")
    whisper = Whisper(frozenset(target.peer_id for target in targets), command.channel_id)
    await _set(house, occupant, whisper)
    return occupant


async def stop(house: House, connection: Connection, command: VoiceWhisperStop) -> None:
    """Let the caller's room hear them again."""
    async with room_of(house).turn(connection.caller.user_id):  # not between the halves of a move
        occupant = room_of(house).own_session(connection)
        await _set(house, occupant, None)
    connection.send(_whispering(house, occupant, command))


def _targets(
    house: House, occupant: Occupant, sights: Mapping[str, Sight], user_ids: Iterable[str]
) -> list[Occupant]:
    """List those of the people who are in voice in the guild, where the whisperer may look."""
    found = (room_of(house).occupancy.of_user(user_id) for user_id in user_ids)
    return [
        target
        for target in found
        if target is not None
        and target is not occupant
        and target.guild_id == occupant.guild_id
        and _bits(sights, target.channel_id) & Permission.VIEW_CHANNEL
    ]


def _require_channel(sights: Mapping[str, Sight], channel_id: str | None) -> None:
    if channel_id is None:
        return
    if not _bits(sights, channel_id) & Permission.VIEW_CHANNEL:
        raise NotFound("there is no such channel in this guild")
    if sights[channel_id].channel_type != "voice":
        raise Conflict("this is not a voice channel", code="NOT_A_VOICE_CHANNEL")


def _bits(sights: Mapping[str, Sight], channel_id: str) -> int:
    sight = sights.get(channel_id)
    return 0 if sight is None else sight.bits


async def _set(house: House, occupant: Occupant, whisper: Whisper | None) -> None:
    """Change whom the occupant whispers to, and wait until the engine does it."""
    change(house, occupant, whisper)
    await house.media.settled()
    room_of(house).require_present(occupant)


def change(house: House, occupant: Occupant, whisper: Whisper | None) -> None:
    """Change whom the occupant whispers to, in the engine first, and tell them."""
    before = hearers(house, occupant)
    if occupant.speaking:
        tell_speaking(house, occupant, is_speaking=False)
    occupant.whisper = whisper
    house.media.whisper(occupant.peer_id, whisper)
    after = hearers(house, occupant)
    _tell(house, before, after, VoiceWhisperStopped, occupant)
    _tell(house, after, before, VoiceWhisperStarted, occupant)
    if occupant.speaking:
        tell_speaking(house, occupant)


def hearers(house: House, occupant: Occupant) -> list[Occupant]:
    """List who hears the occupant's whisper now; nobody when they do not whisper."""
    return rules.hearers(room_of(house).occupancy, occupant)


def _tell(
    house: House,
    people: list[Occupant],
    but: list[Occupant],
    kind: type[VoiceWhisperStarted | VoiceWhisperStopped],
    whisperer: Occupant,
) -> None:
    for person in people:
        if person not in but:
            tell(house, person, kind(channel_id=person.channel_id, user_id=whisperer.user.id))


def tell(house: House, occupant: Occupant, event: Event) -> None:
    """Send an event to one occupant."""
    room_of(house).connection_of(occupant).send(event)


def tell_newcomer(house: House, newcomer: Occupant) -> None:
    """Tell who just joined of whispers to the whole channel."""
    for other in room_of(house).occupancy.in_guild(newcomer.guild_id):
        if newcomer in hearers(house, other):
            whisper = VoiceWhisperStarted(channel_id=newcomer.channel_id, user_id=other.user.id)
            tell(house, newcomer, whisper)
            if other.speaking:
                heard = VoiceSpeaking(channel_id=newcomer.channel_id, user_id=other.user.id, speaking=True)
                tell(house, newcomer, heard)


def end(house: House, occupant: Occupant) -> None:
    """Tell those whom a leaver whispered to."""
    _tell(house, hearers(house, occupant), [], VoiceWhisperStopped, occupant)


def _whispering(
    house: House, occupant: Occupant, command: VoiceWhisper | VoiceWhisperStop | None
) -> VoiceWhispering:
    whisper = occupant.whisper or Whisper()
    named = (room_of(house).occupancy.of_peer(peer_id) for peer_id in sorted(whisper.peer_ids))
    user_ids = [person.user.id for person in named if person is not None]
    if command is None:
        return VoiceWhispering(user_ids=user_ids, target_channel_id=whisper.room_id)
    return VoiceWhispering(user_ids=user_ids, target_channel_id=whisper.room_id, ref=command.ref)


async def recheck(house: House, occupant: Occupant) -> None:
    """Ask again whether the occupant may whisper, and to whom; end what they may not."""
    if occupant.whisper is not None:
        sights = await queries.sights(house, occupant.user.id, occupant.guild_id)
        room_of(house).require_present(occupant)
        _narrow(house, occupant, sights)


def _narrow(house: House, occupant: Occupant, sights: Mapping[str, Sight]) -> None:
    """End what of the occupant's whisper they may not do any more."""
    whisper = occupant.whisper
    if whisper is None:
        return
    visible = {channel_id for channel_id, sight in sights.items() if sight.bits & Permission.VIEW_CHANNEL}
    may_whisper = _bits(sights, occupant.channel_id) & Permission.WHISPER
    present = (room_of(house).occupancy.of_peer(peer_id) for peer_id in whisper.peer_ids)
    kept = Whisper(
        frozenset(
            target.peer_id for target in present if target is not None and target.channel_id in visible
        ),
        whisper.room_id if whisper.room_id in visible else None,
    )
    remains = kept if may_whisper and (kept.peer_ids or kept.room_id) else None
    if remains != whisper:
        change(house, occupant, remains)
        tell(house, occupant, _whispering(house, occupant, None))
