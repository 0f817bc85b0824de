"""Matching arrivals with sendings, when the server gave its streams SSRCs and numbers of its own."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from bench.programs import Broken
from bench.voice.delays import one_way
from bench.voice.load import ARRIVAL, Run, Sample
from bench.voice.room import Mark, marked_payload

CLIENTS, COUNT, FIRST = 3, 5, 40
SHIFT = 65_530  # the server's numbers wrap around in the middle of the run


def packet(receiver: int, publisher: int, number: int) -> bytes:
    seq = (number + SHIFT + publisher) & 0xFFFF
    header = struct.pack("!BBHII", 0x80, 111, seq, 0, ssrc(receiver, publisher))
    return header + marked_payload(Mark(publisher, number), bytes(200))


def ssrc(receiver: int, publisher: int) -> int:
    return 7000 + 10 * receiver + publisher


def sent_ns(publisher: int, number: int) -> int:
    return 1_700_000_000_000_000_000 + 1_000_000 * number + 1_000 * publisher


def delay_us(receiver: int, publisher: int, number: int) -> int:
    return 100 * receiver + 10 * publisher + number - FIRST


def make_run(*, without: tuple[int, int, int] | None = None) -> Run:
    """Everybody's packets at everybody else, each with a delay that says what it is."""
    numbers = range(FIRST, FIRST + COUNT)
    arrivals, samples = [], []
    for number in reversed(numbers):  # matching must not depend on the order
        for publisher in range(CLIENTS):
            for receiver in range(CLIENTS):
                if publisher == receiver or without == (receiver, publisher, number):
                    continue
                data = packet(receiver, publisher, number)
                at = sent_ns(publisher, number) + 1000 * delay_us(receiver, publisher, number)
                arrivals.append(
                    (at, ssrc(receiver, publisher), struct.unpack_from("!H", data, 2)[0], receiver)
                )
                samples.append(Sample(receiver, data))
    sent = np.array([[sent_ns(p, n) for p in range(CLIENTS)] for n in numbers], np.uint64)
    return Run(FIRST, sent, np.array(arrivals, ARRIVAL), samples, CLIENTS - 1)


def opened(sample: Sample) -> bytes:
    return sample.datagram


def test_every_arrival_finds_its_sending() -> None:
    delays = one_way(make_run(), opened, warm_packets=0)
    wanted = [
        delay_us(receiver, publisher, number)
        for publisher in range(CLIENTS)
        for receiver in range(CLIENTS)
        for number in range(FIRST, FIRST + COUNT)
        if publisher != receiver
    ]
    assert sorted(delays.us) == sorted(wanted)
    assert (delays.forwarded, delays.lost) == (len(wanted), 0)


def test_warming_up_is_not_measured_but_counted() -> None:
    delays = one_way(make_run(), opened, warm_packets=3)
    assert len(delays.us) == CLIENTS * (CLIENTS - 1) * (COUNT - 3)
    assert delays.forwarded == CLIENTS * (CLIENTS - 1) * COUNT


def test_a_lost_packet_is_counted_even_the_first_of_a_stream() -> None:
    delays = one_way(make_run(without=(1, 2, FIRST)), opened, warm_packets=0)
    assert delays.lost == 1
    assert max(delays.us) < 1000


def test_a_packet_that_comes_twice_is_no_measurement() -> None:
    run = make_run()
    twice = replace(run, arrivals=np.concatenate([run.arrivals, run.arrivals[:1]]))
    with pytest.raises(Broken, match="twice"):
        one_way(twice, opened, warm_packets=0)


def test_a_packet_of_another_run_is_no_measurement() -> None:
    run = make_run()
    with pytest.raises(Broken, match="not sent in this run"):
        one_way(replace(run, first_number=FIRST + 2), opened, warm_packets=0)


def test_a_stream_that_says_one_thing_and_then_another_is_no_measurement() -> None:
    run = make_run()
    data = bytearray(run.samples[0].datagram)
    data[2:4] = b"\x12\x34"
    wrong = replace(run, samples=[*run.samples, Sample(run.samples[0].client, bytes(data))])
    with pytest.raises(Broken, match="something else than was sent"):
        one_way(wrong, opened, warm_packets=0)


def test_a_stream_nobody_opened_is_no_measurement() -> None:
    run = make_run()
    some = [s for s in run.samples if s.client != 1]
    with pytest.raises(Broken, match="none was sampled"):
        one_way(replace(run, samples=some), opened, warm_packets=0)
