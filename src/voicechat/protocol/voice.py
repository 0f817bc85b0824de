"""Voice: signalling, who is where, who speaks.

    voice_join → voice_offer → voice_answer → (ICE, DTLS) → voice_connected
Voice takes one offer; more come only when there is video to be seen or sent (`protocol.video`), or after
`voice_ice_restart`. Who is heard or seen in which media section is told by `voice_slots`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.accounts import User
from voicechat.protocol.base import Answer, Command, Event, Id, Ref
from voicechat.protocol.video import ScreenShare, Webcam
from voicechat.protocol.voice_routes import Listener

Sdp = Annotated[str, Meta(min_length=1, max_length=60_000)]


class VoiceJoin(Command):
    """Join a voice channel; from another tab it moves you."""

    channel_id: Id
    muted: bool = False
    deafened: bool = False


class VoiceLeave(Command):
    """Leave the voice channel you are in."""

    channel_id: Id | UnsetType = UNSET


class VoiceAnswer(Command):
    """The SDP answer to `voice_offer`; the one frame that may have 64 KiB.

    With the offer's `revision`, an answer that comes too late is told from one to the offer that is out.
    """

    channel_id: Id
    sdp: Sdp
    revision: Annotated[int, Meta(ge=1, lt=2**31)] | UnsetType = UNSET


class VoiceIceRestart(Command):
    """Find a new way to the server, after your network changed: a `voice_offer` with new credentials follows.

    What is said and shown goes on meanwhile on the old way, as long as that holds.
    """

    channel_id: Id


class VoiceIceCandidate(Command):
    """A candidate of yours; the server is ICE-lite and learns addresses from your checks."""

    channel_id: Id
    candidate: Annotated[str, Meta(max_length=2048)]


class VoiceMute(Command):
    """Mute yourself; the engine stops forwarding you.

    With `push_to_talk`, where that is required, it only releases the key: nobody is told of a mute.
    """

    channel_id: Id | UnsetType = UNSET
    push_to_talk: bool = False


class VoiceUnmute(Command):
    """Unmute yourself.

    Where push to talk is required (you lack USE_VOICE_ACTIVITY) it takes `push_to_talk`, which says that a
    key is pressed. The microphone is then open until `voice_mute`, and for 30 seconds at most (unless the
    server is set otherwise); saying it again meanwhile adds nothing. Elsewhere the flag means nothing.
    """

    channel_id: Id | UnsetType = UNSET
    push_to_talk: bool = False


class VoiceDeafen(Command):
    """Hear nobody, and be heard by nobody."""

    channel_id: Id | UnsetType = UNSET


class VoiceUndeafen(Command):
    """Hear again."""

    channel_id: Id | UnsetType = UNSET


class VoiceStats(Command):
    """What you measure: latency and jitter in ms, loss in percent, quality 0 (unknown) to 3 (good)."""

    channel_id: Id
    session_id: Id
    latency: Annotated[float, Meta(ge=0, le=10_000)]
    packet_loss: Annotated[float, Meta(ge=0, le=100)]
    jitter: Annotated[float, Meta(ge=0, le=5_000)]
    quality: Annotated[int, Meta(ge=0, le=3)]
    timestamp: Annotated[int, Meta(ge=0, lt=2**53)]


class VoiceState(Answer):
    """Somebody's place in voice; `suppressed` when they lack VOICE_SPEAK."""

    guild_id: Id | None
    channel_id: Id | None
    user_id: Id
    user: User
    muted: bool = False
    deafened: bool = False
    server_muted: bool = False
    server_deafened: bool = False
    suppressed: bool = False
    connected: bool = False
    screen_sharing: bool = False
    webcam_active: bool = False


class VoiceStateEvent(Event, tag="voice_state"):
    """Somebody joined, left (`channel_id` null) or changed in a voice channel you may see.

    `left_channel_id` names the channel that a leaver was in.
    """

    guild_id: Id | None
    channel_id: Id | None
    user_id: Id
    user: User
    muted: bool = False
    deafened: bool = False
    server_muted: bool = False
    server_deafened: bool = False
    suppressed: bool = False
    connected: bool = False
    screen_sharing: bool = False
    webcam_active: bool = False
    left_channel_id: Id | None = None


class SendSection(Answer):
    """A media section you may send in: `microphone`, `webcam`, `screen_video:{id}` or `screen_audio:{id}`."""

    mid: str
    source: str


class VoiceOffer(Event):
    """The server's SDP offer: the first (`revision` 1) begins the session, later ones go on with it.

    `sends` names what you may send in which media section, all of them each time; the server offers again
    when that changes, and only after you have answered. With `push_to_talk_required` nobody hears you until
    `voice_unmute` with `push_to_talk`.
    """

    channel_id: Id
    session_id: Id
    sdp: str
    sends: list[SendSection]
    revision: int = 1
    push_to_talk_required: bool = False
    ref: Ref | UnsetType = UNSET


class VoiceIceCandidateEvent(Event, tag="voice_ice_candidate"):
    """A candidate of the server's (all of them are in the offer already)."""

    channel_id: Id
    candidate: str


class VoiceConnected(Event):
    """Your media connection stands: keys are agreed and packets flow."""

    channel_id: Id
    session_id: Id


class VoiceDisconnected(Event):
    """Your voice session ended, for this `reason`.

    By yourself: `left`, `replaced` (you joined from another tab), `closed` (your client said so).
    By others: `kicked`, `forbidden`, `channel_deleted`. By either: `moved` (a new offer follows).
    By chance: `consent` (nothing was heard of your client), `timeout` and `dtls_failed` (no connection came
    about), `connection_lost`, `session_ended` (of the gateway session you had joined through), `error`.
    """

    channel_id: Id
    session_id: Id
    reason: str


class Participant(Answer):
    """Somebody in the room."""

    user_id: Id
    username: str
    display_name: str
    muted: bool = False
    deafened: bool = False
    server_muted: bool = False
    server_deafened: bool = False
    suppressed: bool = False
    connected: bool = False
    priority: bool = False
    screen_sharing: bool = False
    webcam_active: bool = False


class VoiceRoomState(Event):
    """The whole room, right after you joined it."""

    channel_id: Id
    participants: list[Participant]
    screen_shares: list[ScreenShare] = []
    webcams: list[Webcam] = []
    listeners: list[Listener] = []
    push_to_talk_required: bool = False


class Slot(Answer):
    """Who is heard or seen in the media section `mid`; nobody when `user_id` is null.

    `source` is `microphone`, `whisper` where somebody speaks to you and not to their room, `webcam`,
    `screen_video:{stream_id}` or `screen_audio:{stream_id}`.
    """

    mid: str
    user_id: Id | None
    source: str


class VoiceSlots(Event):
    """Who is in which of your media sections; those left out are empty."""

    channel_id: Id
    slots: list[Slot]


class VoiceUserJoined(Event):
    """Somebody joined the room you are in."""

    channel_id: Id
    user_id: Id
    username: str
    display_name: str


class VoiceUserLeft(Event):
    """Somebody left the room you are in."""

    channel_id: Id
    user_id: Id


class VoiceUserMuted(Event):
    """Somebody in your room was muted, by themselves or by the server."""

    channel_id: Id
    user_id: Id


class VoiceUserUnmuted(Event):
    """Somebody in your room can be heard again."""

    channel_id: Id
    user_id: Id


class VoiceSpeaking(Event):
    """Somebody in a room you hear started or stopped speaking; whispers are told to those they are for."""

    channel_id: Id
    user_id: Id
    speaking: bool


class VoiceUserStats(Event):
    """How well somebody in your room is connected, in the units of `voice_stats`.

    The last two are the server's own measure of what arrives from them; left out when nothing did since the
    last time.
    """

    channel_id: Id
    user_id: Id
    latency: float
    packet_loss: float
    jitter: float
    quality: int
    uplink_loss: float | UnsetType = UNSET
    uplink_jitter: float | UnsetType = UNSET


class VoiceError(Event):
    """Your voice session met trouble that no command of yours caused."""

    channel_id: Id | None
    code: str
    message: str
