"""Rows of the comparison, the page and the pictures written from them."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest
from bench.peers import charts, page
from bench.peers.rows import Absent, PeersResult, Row, rows

FOUND = {
    "janus": {
        ("1-to-50", "delay-p50"): [200.0, 220.0, 210.0],
        ("1-to-50", "delay-p99"): [400.0],
        ("1-to-50", "delay-p99.9"): [500.0],
        ("1-to-50", "memory-per-peer"): [50.0],
        ("1-to-50", "loss"): [0.0],
        ("rooms-of-10", "capacity"): [30_000.0],
    },
    "voicechat": {
        ("1-to-50", "delay-p50"): [100.0, 110.0, 105.0],
        ("1-to-50", "delay-p99"): [200.0],
        ("1-to-50", "delay-p99.9"): [250.0],
        ("1-to-50", "memory-per-peer"): [100.0],
        ("1-to-50", "loss"): [0.0],
        ("rooms-of-10", "capacity"): [60_000.0],
    },
}


def made() -> list[Row]:
    return rows(FOUND, {"janus": "1.1.2", "voicechat": "abc"})


def result() -> PeersResult:
    about = {
        "version": "1",
        "config": "defaults",
        "protocol": "SRTP",
        "does_more": "video",
        "remarks": ["slow"],
    }
    plan = {"sittings": 2, "rounds": 3, "seconds": 2.0, "p99_at_most_us": 5000.0, "loss_at_most": 0.0001}
    machine = {
        "cpu": "a CPU",
        "cores": 2,
        "kernel": "6",
        "system": "Debian",
        "contended_percent": 3,
        "load_before": [0.1],
    }
    head = {
        "date": "today", "commit": "abc", "machine": machine, "plan": plan,
        "configs": {"janus": {**about, "remarks": ["slow"]}}, "remarks": ["It rained."],
    }  # fmt: skip
    return PeersResult(head=head, rows=made(), absent=[Absent("galene", "could not be had")])


def test_every_figure_stands_beside_ours() -> None:
    by_key = {(row.sfu, row.metric): row for row in made()}
    delay = by_key["janus", "delay-p50"]
    assert (delay.value, delay.unit, delay.version, delay.ratio_to_ours) == (210.0, "µs", "1.1.2", 2.0)
    assert by_key["voicechat", "capacity"].ratio_to_ours == 1.0
    assert by_key["janus", "loss"].ratio_to_ours is None
    assert made()[0].sfu == "voicechat"


def test_without_ours_there_is_nothing_to_divide_by() -> None:
    found = rows({"janus": FOUND["janus"]}, {})
    assert {row.ratio_to_ours for row in found} == {None}


def test_the_page_says_who_is_missing_where_we_lose_and_on_what() -> None:
    text = page.markdown(result())
    for part in (
        "**galene**: could not be had",
        "- 1-to-50, memory per peer, KiB: janus has 50.0, 0.50 × ours",
        "| capacity, forwards/s | 60,000 | 30,000 (0.50) |",
        "video; slow",
        "It rained.",
        "a CPU, 2 CPUs",
        "medians of 6 rounds",
    ):
        assert part in text, part


@pytest.mark.parametrize(("capacity", "is_loss"), [(66_000.0, False), (67_000.0, True), (30_000.0, False)])
def test_more_capacity_than_ours_is_a_loss_of_ours(capacity: float, is_loss: bool) -> None:
    found = rows({"voicechat": {("r", "capacity"): [60_000.0]}, "janus": {("r", "capacity"): [capacity]}}, {})
    assert ("janus has" in page.losses(found)) == is_loss


def test_a_busy_machine_is_no_fair_judge() -> None:
    quiet, busy = result(), result()
    busy.head["machine"]["load_before"] = [5.0, 1.0, 1.0]
    assert "Not a fair comparison" not in page.markdown(quiet)
    assert "Not a fair comparison yet.** The machine was busy with other work (load 5 " in page.markdown(busy)


def test_the_floor_is_no_competitor() -> None:
    found = rows({"voicechat": {("r", "delay-p50"): [2.0]}, "floor": {("r", "delay-p50"): [1.0]}}, {})
    assert "floor" not in page.losses(found)


def test_pictures_are_drawings_with_every_server() -> None:
    delays = charts.delays(made(), ["1-to-50"])
    costs = charts.costs(made(), [("rooms-of-10", "capacity", "Capacity & more")])
    for drawing in (delays, costs):
        texts = [element.text for element in ElementTree.fromstring(drawing).iter() if element.text]
        assert {"voicechat", "janus"} <= set(texts)
    assert "60,000" in costs
    assert "105 / 200 / 250" in delays


def test_a_result_survives_its_file() -> None:
    assert msgspec.json.decode(msgspec.json.encode(result()), type=PeersResult) == result()
