"""OCB2-AES128 and Mumble's counter around it."""

from __future__ import annotations

from bench.peers.ocb2 import Block, Channel, double, open_, seal
from hypothesis import given
from hypothesis import strategies as st

# The vector of the OCB2 draft for 40 bytes: key and nonce 00 01 … 0f, text 00 01 … 27.
KEY = bytes(range(16))
TEXT = bytes(range(40))
CIPHER = bytes.fromhex("f75d6bc8b4dc8d66b836a2b08b32a6369f1cd3c5228d79fd6c267f5f6aa7b231c7dfb9d59951ae9c")
TAG = bytes.fromhex("9db0cdf880f73e3e10d4eb3217766688")


def test_the_drafts_vector_comes_out() -> None:
    assert seal(Block(KEY), KEY, TEXT) == (CIPHER, TAG)
    assert open_(Block(KEY), KEY, CIPHER) == (TEXT, TAG)


def test_doubling_wraps_around_with_the_polynomial() -> None:
    assert double(1) == 2
    assert double(1 << 127) == 0x87


@given(text=st.binary(min_size=1, max_size=200), key=st.binary(min_size=16, max_size=16))
def test_what_is_sealed_is_opened(text: bytes, key: bytes) -> None:
    sender, receiver = Channel(key, bytes(16), bytes(16)), Channel(key, bytes(16), bytes(16))
    assert receiver.open(sender.seal(text)) == text


def channels(start: bytes = bytes(16)) -> tuple[Channel, Channel]:
    return Channel(KEY, start, bytes(16)), Channel(KEY, bytes(16), start)


def test_the_counter_goes_on_over_its_low_byte() -> None:
    sender, receiver = channels(b"\xfe" + b"\xff" * 3 + bytes(12))
    assert [receiver.open(sender.seal(b"x%d" % number)) for number in range(5)] == [
        b"x0", b"x1", b"x2", b"x3", b"x4",
    ]  # fmt: skip


def test_lost_and_late_packets_do_not_stop_the_rest() -> None:
    sender, receiver = channels()
    packets = [sender.seal(bytes([number])) for number in range(100)]
    order = [0, 50, 49, 99]
    assert [receiver.open(packets[number]) for number in order] == [bytes([number]) for number in order]


def test_a_changed_packet_is_refused() -> None:
    sender, receiver = channels()
    packet = bytearray(sender.seal(b"something that is longer than one block"))
    packet[10] ^= 1
    assert receiver.open(bytes(packet)) is None
    assert receiver.open(b"\x01abc") is None
