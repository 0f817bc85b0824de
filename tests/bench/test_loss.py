"""The lossy rooms: what they lose is known, what is missing is asked for and mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.cases import loss
from bench.plan import Plan
from bench.voice.rtcp import Nack, SenderReport, nack, read, receiver_report

PLAN = Plan(cases=(), rooms=(), sittings=1, rounds=1, seconds=0.1, is_pinned=False, loss_seconds=1.0)


def test_a_nack_is_read_as_it_was_written() -> None:
    assert list(read(nack(1, 2, [65_535, 0, 7]))) == [Nack(2, (65_535, 0, 7))]


def test_the_packets_following_a_missing_one_are_read_from_its_bits() -> None:
    packet = bytearray(nack(1, 2, [65_534]))
    packet[-2:] = b"\x80\x03"
    assert list(read(bytes(packet))) == [Nack(2, (65_534, 65_535, 0, 14))]


def test_a_report_refers_to_the_senders_time_and_is_passed_over_by_clients() -> None:
    report = receiver_report(1, SenderReport(2, 0x01020304), 70_000)
    assert len(report) == 32
    assert report[24:28] == b"\1\2\3\4"
    assert list(read(report)) == []


@pytest.mark.native
async def test_what_a_bad_network_loses_is_mostly_there_after_all(tmp_path: Path) -> None:
    by_name = {figure.name: figure.subject[0] for figure in (await loss.run(PLAN, tmp_path)).figures}
    for percent in (5, 15):
        assert by_name[f"loss {percent}-percent hit"] > 0
        assert by_name[f"loss {percent}-percent recovered"] > 0
        assert by_name[f"loss {percent}-percent added-delay-p50"] > 0
    assert by_name["loss 5-percent still-missing"] < by_name["loss 5-percent hit"]
