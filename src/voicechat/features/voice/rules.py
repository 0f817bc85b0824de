"""Who is in which voice channel on this node, and what follows from their switches. Pure.

A person has at most one voice session: joining elsewhere moves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from voicechat.protocol import fields
from voicechat.protocol.accounts import User
from voicechat.protocol.video import ScreenShare, Webcam
from voicechat.protocol.voice import Participant, VoiceSpeaking, VoiceState, VoiceStateEvent
from voicechat.protocol.voice_routes import Listener, VoicePriorityChanged, VoicePushToTalk
from voicechat.rtc.rooms import Whisper
from voicechat.rtc.sources import WEBCAM, screen_audio, screen_video


@dataclass(slots=True)
class Switches:
    """All that decides whether somebody is heard and hears."""

    muted: bool = False
    deafened: bool = False
    server_muted: bool = False
    server_deafened: bool = False
    suppressed: bool = False
    push_to_talk: bool = False  # required, since they lack USE_VOICE_ACTIVITY
    pressed: bool = False

    @property
    def is_silent(self) -> bool:
        """Nobody hears them; whoever is deaf is not heard either, as everywhere in voice chat."""
        return self.muted or self.deafened or self.server_muted or self.server_deafened

    @property
    def is_closed(self) -> bool:
        """Nothing of the microphone passes: they are silent, or do not press the key that they need."""
        return self.is_silent or (self.push_to_talk and not self.pressed)

    @property
    def is_heard(self) -> bool:
        """Others can hear them, as others are told; a key that is not pressed is nobody's business."""
        return not (self.is_silent or self.suppressed)

    @property
    def is_silenced(self) -> bool:
        """Others silenced them: unlike their own mute, it concerns the sound of their screens too."""
        return self.server_muted or self.server_deafened or self.suppressed

    @property
    def is_deaf(self) -> bool:
        return self.deafened or self.server_deafened


PRIVATE_SWITCHES = {"push_to_talk", "pressed"}
"""What only the person themselves is told of."""


@dataclass(slots=True)
class Occupant:
    """One person's voice session. `peer_id` is new with each join and names it on the wire too."""

    peer_id: str
    user: User
    guild_id: str
    channel_id: str
    switches: Switches
    connected: bool = False
    speaking: bool = False
    stats_at_s: float = float("-inf")
    uplink_packets: int = 0  # of theirs that had come by then
    quiet_since_s: float = 0.0  # when they came, last began or ceased to speak, or ended what they showed
    presses: int = 0
    priority: bool = False
    whisper: Whisper | None = None
    listens: tuple[str, ...] = ()
    screens: dict[str, ScreenShare] = field(default_factory=dict)
    webcam: Webcam | None = None

    @property
    def sources(self) -> set[str]:
        """All that they show, by the names that media has for it, and the sounds of it."""
        pictures = {screen_video(stream_id) for stream_id in self.screens}
        sounds = {screen_audio(share.stream_id) for share in self.screens.values() if share.has_audio}
        return pictures | sounds | ({WEBCAM} if self.webcam is not None else set())

    def state(self) -> VoiceState:
        """Describe the occupant for a snapshot."""
        return VoiceState(
            guild_id=self.guild_id,
            channel_id=self.channel_id,
            user_id=self.user.id,
            user=self.user,
            connected=self.connected,
            muted=self.switches.muted,
            deafened=self.switches.deafened,
            server_muted=self.switches.server_muted,
            server_deafened=self.switches.server_deafened,
            suppressed=self.switches.suppressed,
            screen_sharing=bool(self.screens),
            webcam_active=self.webcam is not None,
        )

    def state_event(self) -> VoiceStateEvent:
        """Describe the occupant to everyone who may see the channel."""
        return VoiceStateEvent(**fields(self.state()))

    def left_event(self) -> VoiceStateEvent:
        """Tell everyone who may see the channel that the occupant is gone."""
        return VoiceStateEvent(
            guild_id=self.guild_id,
            channel_id=None,
            user_id=self.user.id,
            user=self.user,
            left_channel_id=self.channel_id,
        )

    def speaking_event(self) -> VoiceSpeaking:
        """Tell the room whether the occupant speaks."""
        return VoiceSpeaking(channel_id=self.channel_id, user_id=self.user.id, speaking=self.speaking)

    def priority_event(self) -> VoicePriorityChanged:
        """Tell whoever hears the room whether the occupant is a priority speaker."""
        return VoicePriorityChanged(channel_id=self.channel_id, user_id=self.user.id, active=self.priority)

    def push_to_talk_event(self) -> VoicePushToTalk:
        """Tell the occupant how their key stands."""
        switches = self.switches
        return VoicePushToTalk(
            channel_id=self.channel_id, required=switches.push_to_talk, open=not switches.is_closed
        )

    def listener(self) -> Listener:
        """Describe the occupant to those in a room they listen in to."""
        return Listener(
            user_id=self.user.id, username=self.user.username, display_name=self.user.display_name
        )

    def participant(self) -> Participant:
        """Describe the occupant to the others in the room."""
        return Participant(
            user_id=self.user.id,
            username=self.user.username,
            display_name=self.user.display_name,
            connected=self.connected,
            muted=self.switches.muted,
            deafened=self.switches.deafened,
            server_muted=self.switches.server_muted,
            server_deafened=self.switches.server_deafened,
            suppressed=self.switches.suppressed,
            priority=self.priority,
            screen_sharing=bool(self.screens),
            webcam_active=self.webcam is not None,
        )


class Occupancy:
    """The table of occupants; written by the voice room alone."""

    def __init__(self) -> None:
        self._by_user: dict[str, Occupant] = {}
        self._by_peer: dict[str, Occupant] = {}
        self._by_channel: dict[str, dict[str, Occupant]] = {}

    def enter(self, occupant: Occupant) -> None:
        """Add an occupant; their user must not be in already."""
        assert occupant.user.id not in self._by_user, "a person has one voice session"
        self._by_user[occupant.user.id] = occupant
        self._by_peer[occupant.peer_id] = occupant
        self._by_channel.setdefault(occupant.channel_id, {})[occupant.user.id] = occupant

    def leave(self, peer_id: str) -> Occupant | None:
        """Remove and return the occupant, or None when the session is over already."""
        occupant = self._by_peer.pop(peer_id, None)
        if occupant is None:
            return None
        del self._by_user[occupant.user.id]
        members = self._by_channel[occupant.channel_id]
        del members[occupant.user.id]
        if not members:
            del self._by_channel[occupant.channel_id]
        return occupant

    def __iter__(self) -> Iterator[Occupant]:
        return iter(list(self._by_user.values()))

    def of_user(self, user_id: str) -> Occupant | None:
        return self._by_user.get(user_id)

    def of_peer(self, peer_id: str) -> Occupant | None:
        return self._by_peer.get(peer_id)

    def in_channel(self, channel_id: str) -> list[Occupant]:
        """List who is in the channel, first come first."""
        return list(self._by_channel.get(channel_id, {}).values())

    def in_guild(self, guild_id: str) -> list[Occupant]:
        return [occupant for occupant in self._by_user.values() if occupant.guild_id == guild_id]

    def listeners(self, guild_id: str, channel_id: str) -> list[Listener]:
        """List who listens in to a channel of the guild."""
        return [occupant.listener() for occupant in self.in_guild(guild_id) if channel_id in occupant.listens]

    def states(self, channel_ids: Iterable[str]) -> Iterator[VoiceState]:
        """Describe everybody in the given channels."""
        for channel_id in channel_ids:
            for occupant in self.in_channel(channel_id):
                yield occupant.state()


class AfkPlace(NamedTuple):
    """Where a guild puts those who have been silent for so long."""

    channel_id: str
    timeout_s: float


def idle(
    occupants: Iterable[Occupant], places: Mapping[str, AfkPlace], now_s: float
) -> list[tuple[Occupant, str]]:
    """List who has been silent too long at `now_s`, each with the channel to move them to.

    Whoever shows a screen or a camera is not away, however silent.
    """
    found = []
    for occupant in occupants:
        place = places.get(occupant.guild_id)
        is_busy = occupant.speaking or bool(occupant.sources)
        if place is None or is_busy or occupant.channel_id == place.channel_id:
            continue
        if now_s - occupant.quiet_since_s >= place.timeout_s:
            found.append((occupant, place.channel_id))
    return found


def hearers(occupancy: Occupancy, occupant: Occupant) -> list[Occupant]:
    """List whom the occupant's whisper is for and who is there; nobody when they do not whisper."""
    whisper = occupant.whisper
    if whisper is None:
        return []
    named = (occupancy.of_peer(peer_id) for peer_id in whisper.peer_ids)
    found = {person.peer_id: person for person in named if person is not None}
    if whisper.room_id is not None:
        found |= {person.peer_id: person for person in occupancy.in_channel(whisper.room_id)}
    found.pop(occupant.peer_id, None)
    return list(found.values())


def is_full(present: int, *, user_limit: int | None, room_peers: int, may_exceed_limit: bool) -> bool:
    """Tell whether one more may not come in; moderators may exceed the channel's limit, not the server's."""
    if present >= room_peers:
        return True
    return user_limit is not None and present >= user_limit and not may_exceed_limit
