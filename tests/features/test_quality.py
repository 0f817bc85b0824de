"""The history of connections: what is kept, what its owner sees of it, and that nobody else does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.features.town import Ground, Person, Town
from voicechat.features.quality import queries
from voicechat.features.quality.queries import Measured
from voicechat.features.quality.rules import FAIR, GOOD, POOR, UNKNOWN, Ledger, Point, mean, measured
from voicechat.ids import new_id
from voicechat.media import ConnectedPeer, DirectionStats, PeerStats
from voicechat.storage import Connection

OWN = "/api/me/connection"


def reading(
    up: tuple[int, int] = (0, 0), down: tuple[int, int] = (0, 0), rtt_ms: float | None = None
) -> PeerStats:
    """Counters of (packets, lost) in each direction, with 4 ms of jitter up and 6 down."""
    return PeerStats(
        rtt_ms=rtt_ms,
        up=DirectionStats(packets=up[0], lost=up[1], jitter_ms=4.0),
        down=DirectionStats(packets=down[0], lost=down[1], jitter_ms=6.0),
        auth_failures=0,
        replays=0,
        moves=0,
    )


# ---- what two readings tell ----


def test_loss_is_what_the_counters_grew_by() -> None:
    before = reading(up=(1000, 500), down=(1000, 900))
    point = measured(before, reading(up=(1090, 510), down=(1200, 910), rtt_ms=30.0))
    assert point == Point(30.0, 10.0, 5.0, 4.0, 6.0)


def test_where_nothing_flows_nothing_is_known() -> None:
    same = reading(up=(10, 1), down=(10, 1), rtt_ms=30.0)
    assert measured(same, same) == Point()
    assert measured(same, reading(up=(20, 1), down=(10, 1), rtt_ms=30.0)) == Point(None, 0.0, None, 4.0, None)


def test_what_comes_twice_makes_no_loss_negative_and_none_is_over_a_hundred() -> None:
    point = measured(reading(up=(10, 5), down=(10, 0)), reading(up=(20, 0), down=(12, 9)))
    assert (point.loss_up_percent, point.loss_down_percent) == (0.0, 100.0)


@pytest.mark.parametrize(
    ("point", "quality"),
    [
        (Point(), UNKNOWN),
        (Point(rtt_ms=120.0, loss_up_percent=3.0, jitter_up_ms=30.0), GOOD),
        (Point(rtt_ms=121.0), FAIR),
        (Point(rtt_ms=10.0, loss_up_percent=0.0, loss_down_percent=8.0), FAIR),
        (Point(rtt_ms=10.0, loss_up_percent=9.0, loss_down_percent=0.0), POOR),
        (Point(rtt_ms=201.0), POOR),
        (Point(jitter_down_ms=61.0), POOR),
    ],
)
def test_the_worst_figure_decides_the_quality(point: Point, quality: int) -> None:
    assert point.quality == quality


def test_a_mean_is_over_what_is_known() -> None:
    points = [Point(rtt_ms=10.0), Point(rtt_ms=30.0, loss_up_percent=4.0), Point()]
    assert mean(points) == Point(rtt_ms=20.0, loss_up_percent=4.0)


def test_the_ledger_averages_between_writings_and_forgets_who_is_gone() -> None:
    ledger, ada, bob = Ledger(), ConnectedPeer("a", "ada", "c"), ConnectedPeer("b", "bob", "c")
    ledger.read(ada, reading(), 0.0)
    ledger.read(bob, reading(), 0.0)
    assert ledger.due() == [], "one reading tells nothing"
    ledger.read(ada, reading(up=(100, 0)), 5.0)
    ledger.read(ada, reading(up=(200, 100)), 10.0)
    [(stay, point)] = ledger.due()
    assert (stay.peer, stay.began_s, stay.seen_s, point.loss_up_percent) == (ada, 0.0, 10.0, 25.0)
    ledger.forget(["a"])
    assert ledger.due() == []
    ledger.read(bob, reading(up=(10, 0)), 15.0)
    ledger.read(ada, reading(up=(300, 100)), 15.0)
    [(_, point)] = ledger.due()
    assert point.loss_up_percent == 0.0, "bob begins anew, ada goes on"


# ---- what is kept ----


def made(person: Person, ground: Ground, session_id: str, seen_s: float = 0.0, **figures: float) -> Measured:
    point = Point(**figures)
    return Measured(
        session_id,
        person.user_id,
        ground.voice_id,
        seen_s + 60.0,
        seen_s,
        point.rtt_ms,
        point.loss_up_percent,
        point.loss_down_percent,
        point.jitter_up_ms,
        point.jitter_down_ms,
        point.quality,
    )


async def keep(town: Town, *rows: Measured) -> None:
    await town.house.db.transaction(queries.keep, rows)


async def test_an_empty_history(owner: Person) -> None:
    assert await owner.ask("GET", f"{OWN}/summary") == {
        "days": 30,
        "sessions": 0,
        "connected_s": 0,
        "latency": None,
        "packet_loss": None,
        "jitter": None,
        "daily_stats": [],
    }
    assert await owner.ask("GET", f"{OWN}/sessions") == {"items": [], "has_more": False, "next_cursor": None}
    assert await owner.refused("GET", f"{OWN}/sessions/{new_id()}") == (404, "NOT_FOUND")


async def test_a_session_its_course_and_the_summary(town: Town, owner: Person, ground: Ground) -> None:
    session_id = new_id()
    figures = {"loss_up_percent": 1.0, "jitter_up_ms": 2.0, "jitter_down_ms": 4.0}
    await keep(town, made(owner, ground, session_id, 30.0, rtt_ms=20.0, loss_down_percent=3.0, **figures))
    await keep(town, made(owner, ground, session_id, 0.0, rtt_ms=40.0, loss_down_percent=9.0, **figures))
    await keep(town, made(owner, ground, session_id, -1.0))
    [session] = (await owner.ask("GET", f"{OWN}/sessions"))["items"]
    assert (session["id"], session["guild_id"], session["channel_id"]) == (
        session_id,
        ground.id,
        ground.voice_id,
    )
    assert (session["latency"], session["packet_loss"], session["jitter"]) == (30.0, 6.0, 4.0)
    assert session["quality"] == POOR
    course = await owner.ask("GET", f"{OWN}/sessions/{session_id}")
    assert course["session"] == session
    assert [point["latency"] for point in course["points"]] == [20.0, 40.0, None]
    assert [point["packet_loss_down"] for point in course["points"]] == [3.0, 9.0, None]
    assert [point["quality"] for point in course["points"]] == [GOOD, POOR, UNKNOWN]
    summary = await owner.ask("GET", f"{OWN}/summary")
    assert (summary["sessions"], summary["latency"], summary["packet_loss"]) == (1, 30.0, 6.0)
    assert 85 <= summary["connected_s"] <= 95
    assert sum(day["sessions"] for day in summary["daily_stats"]) >= 1


async def test_ones_history_is_ones_own(town: Town, owner: Person, member: Person, ground: Ground) -> None:
    session_id = new_id()
    await keep(town, made(owner, ground, session_id, rtt_ms=20.0))
    assert (await member.ask("GET", f"{OWN}/sessions"))["items"] == []
    assert (await member.ask("GET", f"{OWN}/summary"))["sessions"] == 0
    assert await member.refused("GET", f"{OWN}/sessions/{session_id}") == (404, "NOT_FOUND")
    for path in ("summary", "sessions", f"sessions/{session_id}"):
        assert (await town.stranger().refused("GET", f"{OWN}/{path}"))[0] == 401


async def test_sessions_come_in_pages_the_newest_first(town: Town, owner: Person, ground: Ground) -> None:
    ids = [new_id() for _ in range(5)]
    await keep(town, *[made(owner, ground, session_id, rtt_ms=1.0) for session_id in ids])
    seen: list[str] = []
    path = f"{OWN}/sessions?limit=2"
    while path:
        page = await owner.ask("GET", path)
        seen += [session["id"] for session in page["items"]]
        path = f"{OWN}/sessions?limit=2&before={page['next_cursor']}" if page["has_more"] else ""
    assert seen == sorted(ids, reverse=True)
    for bad in ("limit=0", "limit=101", "before=x", "unknown=1"):
        assert (await owner.refused("GET", f"{OWN}/sessions?{bad}"))[0] == 400


async def test_a_long_course_is_told_in_two_hundred_points(town: Town, owner: Person, ground: Ground) -> None:
    session_id = new_id()

    async def fill(conn: Connection) -> None:
        await conn.execute(
            """
            INSERT INTO connection_samples (session_id, at, rtt_ms, quality)
            SELECT $1, now() - n * interval '30 seconds', 10, 3 FROM generate_series(1, 999) n
            """,
            session_id,
        )

    await keep(town, made(owner, ground, session_id, rtt_ms=10.0))
    await town.house.db.run(fill)
    points = (await owner.ask("GET", f"{OWN}/sessions/{session_id}"))["points"]
    assert len(points) == 200
    assert {point["latency"] for point in points} == {10.0}
    assert [point["at"] for point in points] == sorted(point["at"] for point in points)


async def test_what_is_older_than_thirty_days_is_swept(town: Town, owner: Person, ground: Ground) -> None:
    old, begun_long_ago, new = [new_id() for _ in range(3)]
    day_s = 86_400.0
    await keep(town, made(owner, ground, old, 30.1 * day_s, rtt_ms=1.0))
    await keep(town, made(owner, ground, begun_long_ago, 31 * day_s, rtt_ms=1.0))
    await keep(town, made(owner, ground, begun_long_ago, rtt_ms=3.0), made(owner, ground, new, rtt_ms=5.0))
    await town.house.db.run(queries.sweep, 30)
    items = (await owner.ask("GET", f"{OWN}/sessions"))["items"]
    assert {session["id"]: session["latency"] for session in items} == {begun_long_ago: 3.0, new: 5.0}


async def test_who_or_what_is_gone_spoils_nothing_for_the_others(
    town: Town, owner: Person, ground: Ground
) -> None:
    kept, gone_channel = new_id(), new_id()
    ghost = made(owner, ground, new_id(), rtt_ms=1.0)._replace(user_id=new_id())
    nowhere = made(owner, ground, gone_channel, rtt_ms=1.0)._replace(channel_id=new_id())
    await keep(town, ghost, nowhere, made(owner, ground, kept, rtt_ms=1.0))
    items: Sequence[dict[str, str | None]] = (await owner.ask("GET", f"{OWN}/sessions"))["items"]
    assert {item["id"]: item["channel_id"] for item in items} == {kept: ground.voice_id, gone_channel: None}
    await owner.ask("DELETE", ground.url, status=204)
    items = (await owner.ask("GET", f"{OWN}/sessions"))["items"]
    assert {(item["guild_id"], item["channel_id"]) for item in items} == {(None, None)}
