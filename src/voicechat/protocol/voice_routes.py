"""Voice beyond the room: push to talk, priority speakers, whispers, listening in."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.base import Answer, Command, Event, Id, Ref

WHISPERED_AT_MOST = 20
LISTENED_AT_MOST = 3


class VoicePriority(Command):
    """Become a priority speaker (PRIORITY_SPEAKER), or an ordinary one again.

    Others turn their volume of everybody else down while you speak, and you are heard even where more people
    speak than a listener has media sections for.
    """

    active: bool


class VoiceWhisper(Command):
    """Be heard by these people, by all in this voice channel, or by both; by nobody else until you stop.

    It takes WHISPER in your own channel and VIEW_CHANNEL of the channel where each target is; who is not in
    voice, in another guild, or where you may not look is left out. It ends for somebody who changes channels.
    Speak after `voice_whispering` has come: until then your room may hear you.
    """

    user_ids: Annotated[list[Id], Meta(max_length=WHISPERED_AT_MOST)] = []
    channel_id: Id | None = None


class VoiceWhisperStop(Command):
    """Be heard by your room again; answered by `voice_whispering` without targets."""


class VoiceListen(Command):
    """Hear another voice channel of the guild besides your own (VOICE_CONNECT there), three at most.

    Those inside see you among the listeners and do not hear you. It ends with your voice session.
    """

    channel_id: Id


class VoiceListenStop(Command):
    """Hear that channel no more."""

    channel_id: Id


class VoicePushToTalk(Event):
    """Whether your microphone opens on a key alone (`required`), and whether it is `open` just now.

    Sent whenever one of them changes, also when the time for one press is up.
    """

    channel_id: Id
    required: bool
    open: bool


class VoicePriorityChanged(Event):
    """Somebody in a room you hear became a priority speaker, or is one no more.

    Turn the others down while they speak.
    """

    channel_id: Id
    user_id: Id
    active: bool


class VoiceWhispering(Event):
    """Whom you whisper to from now on; without targets your room hears you again."""

    user_ids: list[Id]
    target_channel_id: Id | None
    ref: Ref | UnsetType = UNSET


class VoiceWhisperStarted(Event):
    """Somebody whispers to you, who are in `channel_id`; `voice_slots` says in which section."""

    channel_id: Id
    user_id: Id


class VoiceWhisperStopped(Event):
    """Somebody whispers to you no more."""

    channel_id: Id
    user_id: Id


class VoiceListening(Event):
    """The channels you listen in to, besides your own; also sent when one is taken from you."""

    channel_ids: list[Id]
    ref: Ref | UnsetType = UNSET


class Listener(Answer):
    """Somebody who hears a room from another."""

    user_id: Id
    username: str
    display_name: str


class VoiceListeners(Event):
    """All who listen in to a room you hear, whenever somebody begins or ends."""

    channel_id: Id
    listeners: list[Listener]
