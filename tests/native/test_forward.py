"""Voice through the real engine: what one peer says, the others hear, renumbered."""

from __future__ import annotations

import struct

import pytest

from .conftest import Running
from .fake_peer import PT, FakePeer, Rtp, rtp

Two = tuple[FakePeer, FakePeer]


async def test_a_packet_arrives_under_the_slot_of_its_receiver(two: Two) -> None:
    a, b = two
    await a.speak(b"hello", level=30)
    heard = await b.hear()
    assert (heard.ssrc, heard.pt, heard.payload, heard.level) == (9002, 96, b"hello", 30)
    assert heard.marker
    assert heard.seq < 2**15


async def test_steps_of_sequence_and_timestamp_are_the_speakers(two: Two) -> None:
    a, b = two
    await a.speak()
    first = await b.hear()
    a.seq += 2  # two packets lost on the way to us
    a.ts += 2 * 960
    await a.speak()
    second = await b.hear()
    assert (second.seq - first.seq, second.ts - first.ts) == (3, 3 * 960)
    assert not second.marker


async def test_a_reordered_packet_keeps_its_place(two: Two) -> None:
    a, b = two
    await a.speak()
    first = await b.hear()
    early, late = a.next_packet(b"early"), a.next_packet(b"late")
    await a.send(late)
    await a.send(early)
    heard = [await b.hear(), await b.hear()]
    assert [(p.payload, p.seq - first.seq) for p in heard] == [(b"late", 2), (b"early", 1)]


async def test_everyone_in_a_room_hears_it_and_takes_turns_being_first(running: Running) -> None:
    speaker = await running.peer()
    listeners = [await running.peer(publish=False) for _ in range(5)]
    for listener in listeners:
        running.engine.route_set(listener.slot(1), speaker.track)
    await running.engine.settled()
    for round_ in range(10):
        await speaker.speak(bytes([round_]))
        for listener in listeners:
            assert (await listener.hear()).payload == bytes([round_])
    assert running.engine.counters()["forwarded"] == 50


async def test_ipv4_and_ipv6_hear_each_other(running: Running) -> None:
    four, six = await running.peer(), await running.peer(host="::1")
    running.engine.route_set(four.slot(1), six.track)
    running.engine.route_set(six.slot(2), four.track)
    await running.engine.settled()
    await four.speak(b"over four")
    assert (await six.hear()).payload == b"over four"
    await six.speak(b"over six")
    assert (await four.hear()).payload == b"over six"


async def test_a_receiver_without_level_extension_gets_none(running: Running) -> None:
    a, b = await running.peer(), await running.peer()
    running.engine.route_set(b.slot(1, level_ext=0), a.track)
    await running.engine.settled()
    await a.speak(level=20)
    assert (await b.hear()).level is None


def with_header(packet: bytes, *, csrcs: bytes = b"", ext: bytes = b"", padding: bytes = b"") -> bytes:
    first = packet[0] | len(csrcs) // 4 | (0x10 if ext else 0) | (0x20 if padding else 0)
    return bytes([first]) + packet[1:12] + csrcs + ext + packet[12:] + padding


ONE_BYTE = struct.pack("!HH", 0xBEDE, 2) + bytes([0x10, 0x80 | 25, 0x41, ord("m"), ord("i"), 0, 0, 0])
TWO_BYTE = struct.pack("!HH", 0x1000, 2) + bytes([4, 2, ord("m"), ord("i"), 1, 1, 0x80 | 25, 0])


@pytest.mark.parametrize("shape", [
    {"csrcs": b"abcdefgh"},
    {"ext": ONE_BYTE},
    {"ext": TWO_BYTE},
    {"padding": bytes([0, 0, 3])},
    {"csrcs": b"abcd", "ext": ONE_BYTE, "padding": bytes([1])},
], ids=["csrcs", "one-byte", "two-byte", "padding", "all"])  # fmt: skip
async def test_only_payload_and_level_are_passed_on(two: Two, shape: dict[str, bytes]) -> None:
    a, b = two
    plain = with_header(rtp(a.ssrc, 7, 960, b"payload"), **shape)
    await a.send(a.tx.protect(plain))
    heard = await b.hear()  # refuses CSRCs, padding and unknown elements
    assert (heard.payload, heard.level) == (b"payload", 25 if "ext" in shape else None)


@pytest.mark.parametrize(("packet", "reason"), [
    (rtp(4711, 7, 960), "drop_rtp_unknown_ssrc"),
    (rtp(200, 7, 960, pt=PT + 1), "drop_rtp_wrong_pt"),
    (with_header(rtp(200, 7, 960), padding=bytes([0])), "drop_rtp_bad_padding"),
    (with_header(rtp(200, 7, 960, b""), padding=bytes([2])), "drop_rtp_bad_padding"),
])  # fmt: skip
async def test_what_was_not_agreed_is_dropped_by_name(
    running: Running, two: Two, packet: bytes, reason: str
) -> None:
    a, b = two
    assert a.ssrc == 200
    await a.send(a.tx.protect(packet))
    await running.count(reason)
    await a.speak(b"good")
    assert (await b.hear()).payload == b"good"
    assert running.engine.counters()["forwarded"] == 1


async def test_nothing_is_forwarded_before_the_keys(running: Running, two: Two) -> None:
    a, b = two
    late = await running.peer(join=False)
    late.handle = running.engine.peer_add()
    running.engine.tuple_add(late.handle, late.addr)
    late.track = running.engine.track_add(late.handle, ssrc=late.ssrc, pt=PT)
    slot = late.slot(1)
    running.engine.route_set(slot, a.track)
    await running.engine.settled()
    await late.speak()
    await running.count("drop_no_keys")
    await a.speak(b"for b")
    assert (await b.hear()).payload == b"for b"
    await running.count("drop_receiver_not_ready")
    late.install_keys()
    await running.engine.settled()
    await a.speak(b"for both")
    assert (await late.hear()).payload == b"for both"


async def test_figures_of_peer_track_and_slot(running: Running, two: Two) -> None:
    a, b = two
    slot = b.slot(77)
    running.engine.route_set(slot, a.track)
    await running.engine.settled()
    for _ in range(3):
        await a.speak(b"12345", level=40)
        await b.hear()
    await b.hear()
    engine = running.engine
    await engine.settled()  # the batch of the last packet is over
    track, sent, peer = engine.track_stats(a.track), engine.slot_stats(slot), engine.peer_stats(a.handle)
    assert track is not None
    assert sent is not None
    assert peer is not None
    assert (track.packets, track.bytes, track.ext_seq) == (3, 15, a.seq)
    assert (sent.packets, sent.bytes) == (3, 15)
    assert peer.rx_packets == 3
    assert peer.last_received_us > 0
    assert peer.send_addr == a.sock.getsockname()
    assert sum(count for _, count in engine.histogram("residence")) == engine.counters()["forwarded"]
    assert sum(count for _, count in engine.histogram("wait")) == engine.counters()["rx_datagrams"]


async def test_a_long_packet_passes(two: Two) -> None:
    a, b = two
    payload = b"x" * (1500 - 144 - 12)  # the longest that pylibsrtp itself would protect
    await a.speak(payload)
    assert (await b.hear()).payload == payload


def test_the_test_parser_knows_its_own_packets() -> None:
    packet = rtp(1, 2, 3, b"p", level=9, marker=True)
    assert Rtp.parse(packet) == Rtp(PT, True, 2, 3, 1, b"p", 0x80 | 9)
