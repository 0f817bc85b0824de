"""The wire types keep the contract's names and bounds."""

from __future__ import annotations

import msgspec
import pytest

from voicechat import protocol
from voicechat.ids import new_id
from voicechat.protocol import Permission
from voicechat.protocol.accounts import Register
from voicechat.protocol.voice import VoiceJoin


def test_bits_keep_their_numbers() -> None:
    numbers = {bit.name: bit.value.bit_length() - 1 for bit in Permission}
    assert len(numbers) == 34
    assert (numbers["SEND_MESSAGES"], numbers["VOICE_SPEAK"], numbers["VIEW_CHANNEL"]) == (0, 6, 24)
    assert (numbers["MANAGE_THREADS"], int(protocol.ALL_PERMISSIONS)) == (33, 2**34 - 1)


def test_wire_names_are_snake_case_and_unique_by_direction() -> None:
    for kinds in (protocol.COMMANDS, protocol.EVENTS):
        names = [protocol.wire_name(kind) for kind in kinds]
        assert len(names) == len(set(names))
        assert all(name == name.lower() for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "ping",
        "resume",
        "subscribe",
        "typing",
        "voice_join",
        "voice_answer",
        "voice_ice_candidate",
        "voice_stats",
        "voice_screen_share_start",
        "voice_screen_share_stop",
        "voice_screen_share_set_quality",
        "voice_webcam_start",
        "voice_webcam_stop",
        "voice_set_layer_preference",
        "voice_ice_restart",
    ],
)
def test_the_contracts_commands_are_there(name: str) -> None:
    assert name in {protocol.wire_name(kind) for kind in protocol.COMMANDS}


def test_a_command_is_decoded_by_its_type() -> None:
    channel_id = new_id()
    frame = f'{{"type":"voice_join","channel_id":"{channel_id}"}}'
    assert protocol.decode_command(frame) == VoiceJoin(channel_id=channel_id)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"voice_join"}',
        '{"type":"voice_join","channel_id":"x"}',
        '{"type":"voice_join","channel_id":"00000000-0000-7000-8000-000000000000","extra":1}',
        '{"type":"fly"}',
        '{"channel_id":"00000000-0000-7000-8000-000000000000"}',
        "[]",
        '{"type":"voice_stats","channel_id":"00000000-0000-7000-8000-000000000000","latency":1e999}',
    ],
)
def test_anything_else_is_refused(frame: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        protocol.decode_command(frame)


def test_bodies_refuse_unknown_fields_and_answers_are_frozen() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode('{"username":"abc","password":"12345678","admin":true}', type=Register)
    body = Register(username="abc", password="12345678")
    with pytest.raises(AttributeError):
        body.username = "other"  # type: ignore[misc]


CHANNEL_ID = "00000000-0000-7000-8000-000000000000"
SHARE = {"type": "voice_screen_share_start", "channel_id": CHANNEL_ID, "stream_id": "a"}
WISH = {
    "type": "voice_set_layer_preference",
    "channel_id": CHANNEL_ID,
    "target_user_id": CHANNEL_ID,
    "track_source": "webcam",
    "preferred_layer": "auto",
}


@pytest.mark.parametrize(
    "frame",
    [
        {**SHARE, "stream_id": CHANNEL_ID},
        {**SHARE, "stream_id": "x" * 64, "quality": "premium", "has_audio": True},
        {**SHARE, "source_label": ""},
        {**SHARE, "source_label": "Fenster — 🎮 " + "x" * 200},
        WISH,
        {**WISH, "track_source": "screen_video:" + CHANNEL_ID, "preferred_layer": "off"},
        {**WISH, "track_source": "screen_audio:a_-9"},
    ],
)
def test_video_is_asked_for(frame: dict[str, object]) -> None:
    assert protocol.wire_name(type(protocol.decode_command(msgspec.json.encode(frame)))) == frame["type"]


@pytest.mark.parametrize(
    "frame",
    [
        {**SHARE, "stream_id": ""},
        {**SHARE, "stream_id": "x" * 65},
        {**SHARE, "stream_id": "a b"},
        {**SHARE, "stream_id": "a\n"},
        {**SHARE, "stream_id": "ä"},
        {**SHARE, "stream_id": "a:b"},
        {**SHARE, "quality": "ultra"},
        {**SHARE, "source_label": "x" * 256},
        {**SHARE, "source_label": "two\nlines"},
        {**SHARE, "source_label": "\u202eevil"},
        {**WISH, "track_source": "microphone"},
        {**WISH, "track_source": "screen_video:"},
        {**WISH, "track_source": "webcam\n"},
        {**WISH, "preferred_layer": "highest"},
    ],
)
def test_video_is_not_asked_for_so(frame: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        protocol.decode_command(msgspec.json.encode(frame))
