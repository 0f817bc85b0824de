"""The hub: who gets what, encoded once, here and from other nodes."""

from __future__ import annotations

from typing import Any

import pytest

from voicechat.fanout import Hub, Outbox
from voicechat.fanout.codec import encode
from voicechat.ids import new_id
from voicechat.protocol import Event, News
from voicechat.protocol.gateway import Error, Pong
from voicechat.protocol.news import SessionEnded

TOPIC = "channel:1"


class Wire:
    """The other nodes: hubs that get what one publishes."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.others: list[Hub] = []

    def publish_nowait(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, payload))
        for hub in self.others:
            hub.deliver(topic, payload)


def outbox() -> Outbox:
    return Outbox(max_events=100, max_bytes=100_000)


def queued(box: Outbox) -> int:
    return box.statistics().queued_events


def error(text: str) -> Error:
    return Error(code="X", message=text)


async def test_followers_share_one_encoding_that_begins_with_its_type() -> None:
    hub, first, second, other = Hub(), outbox(), outbox(), outbox()
    hub.follow(TOPIC, first)
    hub.follow(TOPIC, second)
    hub.follow("channel:2", other)

    hub.publish(TOPIC, error("hello"))

    [one], [two] = await first.batch(), await second.batch()
    assert one is two
    assert one.startswith(b'{"type":"error",')
    assert queued(other) == 0


async def test_a_topic_keeps_its_order_with_a_listener_that_publishes() -> None:
    wire = Wire()
    hub, box = Hub(wire), outbox()
    hub.follow(TOPIC, box)

    def answer(topic: str, event: Event | News) -> None:
        if isinstance(event, Error) and event.message == "first":
            hub.publish(topic, error("second"))

    hub.listen("channel:", answer)
    hub.publish(TOPIC, error("first"))

    expected = [encode(error("first")), encode(error("second"))]
    assert await box.batch() == expected
    assert [payload for _, payload in wire.sent] == expected


def test_leaving_and_dropping_end_delivery() -> None:
    hub, box = Hub(), outbox()
    for topic in ("a", "b", "c"):
        hub.follow(topic, box)
        hub.follow(topic, box)
    hub.leave("a", box)
    hub.leave("a", box)
    hub.publish("a", Pong())
    assert (queued(box), hub.topics_of(box)) == (0, {"b", "c"})

    hub.drop(box)
    hub.publish("b", Pong())
    assert (queued(box), hub.topics_of(box), hub.follower_count("b")) == (0, frozenset(), 0)


async def test_other_nodes_followers_get_the_same_bytes() -> None:
    wire = Wire()
    here, there = Hub(wire), Hub(wire)
    wire.others.append(there)
    box = outbox()
    there.follow(TOPIC, box)

    here.publish(TOPIC, error("über"))

    assert await box.batch() == [encode(error("über"))]
    assert len(wire.sent) == 1  # what is delivered is not published again


def test_news_reach_listeners_on_every_node_and_never_a_client() -> None:
    wire = Wire()
    here, there = Hub(wire), Hub(wire)
    wire.others.append(there)
    heard: list[Any] = []
    boxes = outbox(), outbox()
    for hub, box in zip((here, there), boxes, strict=True):
        hub.follow("news", box)
        hub.listen("news", lambda topic, event: heard.append((topic, event)))
    news = SessionEnded(user_id=new_id(), session_id=None)

    here.publish("news", news)

    assert heard == [("news", news), ("news", news)]
    assert [queued(box) for box in boxes] == [0, 0]


def test_listeners_hear_by_the_beginning_of_the_topic() -> None:
    hub = Hub()
    heard: list[str] = []
    hub.listen("guild:", lambda topic, _: heard.append(topic))
    for topic in ("guild:1", "channel:1", "guild:2"):
        hub.publish(topic, Pong())
    assert heard == ["guild:1", "guild:2"]


def test_a_listener_that_fails_harms_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    hub, heard = Hub(), []

    def fail(_topic: str, _event: Event | News) -> None:
        raise RuntimeError("a bug")

    hub.listen("", fail)
    hub.listen("", lambda _, event: heard.append(event))
    hub.publish(TOPIC, Pong())

    assert heard == [Pong()]
    assert "listener_failed" in caplog.text


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"type":"from_the_future"}', b"\xff"])
def test_what_another_version_sends_is_let_go(payload: bytes) -> None:
    hub, box = Hub(), outbox()
    hub.follow(TOPIC, box)
    hub.deliver(TOPIC, payload)
    assert queued(box) == 0


def test_a_gap_is_reported_to_those_who_asked() -> None:
    hub, gaps = Hub(), []
    hub.listen_gaps(lambda: gaps.append(1))
    hub.report_gap()
    assert gaps == [1]
