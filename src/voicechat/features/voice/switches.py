"""What opens and closes somebody's microphone and ears: their own switches, moderators, permissions.

Push to talk: a server cannot see keys. What it can hold is this: whoever lacks USE_VOICE_ACTIVITY is heard
only after a command that says a key was pressed, until one that says it was released, and never longer than
`media.push_to_talk_s` for one press. So no microphone of theirs stays open by mistake, and one kept open on
purpose takes a client that lies again and again.
"""

from __future__ import annotations

import trio

from voicechat.access import forbidden
from voicechat.features.voice.room import room_of, room_topic
from voicechat.features.voice.rules import PRIVATE_SWITCHES, Occupant
from voicechat.gateway import Connection
from voicechat.house import House
from voicechat.protocol import Permission
from voicechat.protocol.voice import (
    VoiceDeafen,
    VoiceMute,
    VoiceUndeafen,
    VoiceUnmute,
    VoiceUserMuted,
    VoiceUserUnmuted,
)


async def mute(house: House, connection: Connection, command: VoiceMute) -> None:
    """Mute the caller, or only release their key."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    if command.push_to_talk and occupant.switches.push_to_talk:
        change(house, occupant, pressed=False)
    else:
        change(house, occupant, muted=True, pressed=False)


async def unmute(house: House, connection: Connection, command: VoiceUnmute) -> None:
    """Unmute the caller; where push to talk is required, only for a press of the key."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    if not occupant.switches.push_to_talk:
        change(house, occupant, muted=False)
    elif command.push_to_talk:
        _press(house, occupant)
    else:
        raise forbidden(Permission.USE_VOICE_ACTIVITY)


def _press(house: House, occupant: Occupant) -> None:
    if occupant.switches.pressed:
        return
    occupant.presses += 1
    change(house, occupant, muted=False, pressed=True)
    room_of(house).nursery.start_soon(_release_in_time, house, occupant, occupant.presses)


async def _release_in_time(house: House, occupant: Occupant, press: int) -> None:
    await trio.sleep(house.settings.media.push_to_talk_s)
    is_here = room_of(house).occupancy.of_peer(occupant.peer_id) is occupant
    if is_here and occupant.presses == press:
        change(house, occupant, pressed=False)


async def deafen(house: House, connection: Connection, command: VoiceDeafen | VoiceUndeafen) -> None:
    """Deafen or undeafen the caller."""
    occupant = room_of(house).own_session(connection, command.channel_id)
    change(house, occupant, deafened=isinstance(command, VoiceDeafen))


def change(house: House, occupant: Occupant, **changes: bool) -> None:
    """Set switches and tell the engine, then whoever sees the channel; unchanged ones make no noise."""
    switches = occupant.switches
    was_heard = switches.is_heard
    changed = {name: value for name, value in changes.items() if getattr(switches, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(switches, name, value)
    apply(house, occupant)
    if changed.keys() & PRIVATE_SWITCHES:
        room_of(house).connection_of(occupant).send(occupant.push_to_talk_event())
    if changed.keys() - PRIVATE_SWITCHES:
        house.hub.publish(f"channel:{occupant.channel_id}", occupant.state_event())
    if switches.is_heard != was_heard:
        kind = VoiceUserUnmuted if switches.is_heard else VoiceUserMuted
        event = kind(channel_id=occupant.channel_id, user_id=occupant.user.id)
        house.hub.publish(room_topic(occupant.channel_id), event)


def impose(house: House, occupant: Occupant, imposed: dict[str, bool]) -> None:
    """Set what moderators and permissions decide.

    Whoever needs the key no longer, and does not press it, is muted then: a microphone never opens by itself.
    """
    switches = occupant.switches
    if switches.push_to_talk and not imposed["push_to_talk"]:
        imposed = {**imposed, "muted": switches.muted or not switches.pressed, "pressed": False}
    change(house, occupant, **imposed)


def apply(house: House, occupant: Occupant) -> None:
    """Make the engine obey the occupant's switches at once."""
    switches = occupant.switches
    house.media.set_muted(occupant.peer_id, switches.is_closed)
    house.media.set_deafened(occupant.peer_id, switches.is_deaf)
    house.media.set_may_speak(occupant.peer_id, not switches.suppressed)
    if occupant.screens:
        house.media.gate_screen_audio(occupant.peer_id, switches.is_silenced)
