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
