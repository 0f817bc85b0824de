"""Members: lists, nicknames, roles, voice switches, kick, timeout, ban, leaving — and ranks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio

from tests.features.town import Ground, Person, Town
from voicechat.features.members import expiry
from voicechat.ids import new_id
from voicechat.protocol.guilds import MemberLeft, MemberUpdated
from voicechat.protocol.news import NEWS_TOPIC, AccessChanged, GuildLeft, VoiceMove
from voicechat.protocol.permissions import ALL_PERMISSIONS, Permission
from voicechat.storage import Connection


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


@pytest.fixture
async def moderator(town: Town, ground: Ground, member: Person) -> Person:
    """Somebody with every bit, one role above `member`, one below the role `high`."""
    moderator = await town.sign_up("moritz")
    await ground.admit(moderator)
    await ground.role(name="high")
    await ground.role(int(ALL_PERMISSIONS), moderator, name="moderator")
    await ground.role(0, member, name="low")
    return moderator


async def test_members_are_listed_in_pages(town: Town, owner: Person, ground: Ground) -> None:
    people = await town.people(*["guest"] * 4)
    await ground.admit(*people)
    everybody = sorted(person.user_id for person in (owner, *people))
    first = await owner.ask("GET", f"{ground.url}/members?limit=3")
    assert (first["has_more"], first["next_cursor"]) == (True, everybody[2])
    second = await owner.ask("GET", f"{ground.url}/members?limit=3&after={first['next_cursor']}")
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    assert [entry["user"]["id"] for entry in first["items"] + second["items"]] == everybody


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "after=1", "before=1", "limit=1&limit=2"]
)
async def test_a_bad_page_is_refused(owner: Person, ground: Ground, query: str) -> None:
    assert (await owner.refused("GET", f"{ground.url}/members?{query}"))[0] == 400


async def test_a_member_shows_roles_and_no_address(owner: Person, member: Person, ground: Ground) -> None:
    await member.ask("PATCH", "/auth/me", {"email": "mia@example.org"})
    role_id = await ground.role(0, member)
    shown = await owner.ask("GET", f"{ground.url}/members/{member.user_id}")
    assert shown["role_ids"] == [role_id]
    assert set(shown["user"]) == {"id", "username", "display_name", "avatar_url"}
    assert await owner.refused("GET", f"{ground.url}/members/{new_id()}") == (404, "NOT_FOUND")


async def test_ones_own_nickname_needs_no_bit(town: Town, member: Person, ground: Ground) -> None:
    me = f"{ground.url}/members/{member.user_id}"
    assert (await member.ask("PATCH", me, {"nickname": " Mimi "}))["nickname"] == "Mimi"
    assert (await member.ask("PATCH", me, {"nickname": None}))["nickname"] is None
    events = town.heard(MemberUpdated, f"guild:{ground.id}")
    assert [event.member.nickname for event in events] == ["Mimi", None]
    assert town.heard(AccessChanged) == [], "a nickname changes nobody's access"


async def test_muting_is_told_to_the_guild_and_to_voice(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    town.told.clear()
    them = f"{ground.url}/members/{member.user_id}"
    muted = await moderator.ask("PATCH", them, {"muted": True, "deafened": True})
    assert (muted["muted"], muted["deafened"]) == (True, True)
    assert [event.member.muted for event in town.heard(MemberUpdated)] == [True]
    assert town.heard(AccessChanged) == [AccessChanged(guild_id=ground.id, user_id=member.user_id)]
    assert (await moderator.ask("PATCH", them, {"muted": False}))["deafened"] is True


async def test_whoever_was_muted_cannot_unmute_themselves(moderator: Person, ground: Ground) -> None:
    me = f"{ground.url}/members/{moderator.user_id}"
    await ground.owner.ask("PATCH", me, {"muted": True})
    assert await moderator.refused("PATCH", me, {"muted": False}) == (403, "ROLE_HIERARCHY")


async def test_a_move_is_told_to_voice(town: Town, moderator: Person, member: Person, ground: Ground) -> None:
    them = f"{ground.url}/members/{member.user_id}"
    for channel_id in (ground.voice_id, None):
        await moderator.ask("PATCH", them, {"channel_id": channel_id})
        news = VoiceMove(guild_id=ground.id, user_id=member.user_id, channel_id=channel_id)
        assert town.heard(VoiceMove)[-1] == news


async def test_nobody_is_moved_where_they_may_not_be(
    town: Town, moderator: Person, member: Person, ground: Ground, outsider: Person
) -> None:
    them = f"{ground.url}/members/{member.user_id}"
    elsewhere = await outsider.found()
    await elsewhere.admit(moderator)
    hidden = await ground.channel("hidden", channel_type="voice")
    await ground.override(hidden, ground.everyone_id, deny=int(Permission.VOICE_CONNECT))
    for channel_id, refusal in (
        (ground.text_id, (400, "NOT_A_VOICE_CHANNEL")),
        (hidden, (403, "TARGET_MAY_NOT_CONNECT")),
        (elsewhere.voice_id, (404, "NOT_FOUND")),
        (new_id(), (404, "NOT_FOUND")),
    ):
        assert await moderator.refused("PATCH", them, {"channel_id": channel_id}) == refusal
    assert town.heard(VoiceMove) == []


async def test_a_refused_part_undoes_the_whole_edit(member: Person, ground: Ground) -> None:
    me = f"{ground.url}/members/{member.user_id}"
    assert (await member.refused("PATCH", me, {"nickname": "Nick", "muted": True}))[0] == 403
    assert (await member.ask("GET", me))["nickname"] is None


async def test_roles_are_given_and_taken(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    role_id = await ground.role(int(Permission.KICK_MEMBERS))
    path = f"{ground.url}/members/{member.user_id}/roles/{role_id}"
    town.told.clear()
    for _ in range(2):
        assert role_id in (await moderator.ask("POST", path))["role_ids"]
    assert (await member.ask("GET", ground.url))["my_permissions"] & Permission.KICK_MEMBERS
    assert town.heard(AccessChanged)[-1] == AccessChanged(guild_id=ground.id, user_id=member.user_id)
    for _ in range(2):
        assert role_id not in (await moderator.ask("DELETE", path))["role_ids"]
    assert not (await member.ask("GET", ground.url))["my_permissions"] & Permission.KICK_MEMBERS


async def test_no_role_is_given_that_lifts_to_ones_own_rank_or_beyond_ones_bits(
    town: Town, member: Person, ground: Ground
) -> None:
    keeper, peer = await town.people("keeper", "peer")
    await ground.admit(keeper, peer)
    high = await ground.role(name="high")
    own = await ground.role(int(Permission.MANAGE_ROLES), keeper, name="own")
    strong = await ground.role(int(Permission.BAN_MEMBERS), name="strong")
    for role_id, code in ((high, "ROLE_HIERARCHY"), (own, "ROLE_HIERARCHY"), (strong, "CANNOT_ESCALATE")):
        for person in (member, keeper):
            path = f"{ground.url}/members/{person.user_id}/roles/{role_id}"
            assert await keeper.refused("POST", path) == (403, code)
    await ground.owner.ask("POST", f"{ground.url}/members/{peer.user_id}/roles/{own}")
    weak = await ground.role(name="weak")
    assert await keeper.refused("POST", f"{ground.url}/members/{peer.user_id}/roles/{weak}") == (
        403,
        "ROLE_HIERARCHY",
    )
    await keeper.ask("POST", f"{ground.url}/members/{keeper.user_id}/roles/{weak}")


async def test_everyone_is_neither_given_nor_taken(owner: Person, member: Person, ground: Ground) -> None:
    path = f"{ground.url}/members/{member.user_id}/roles/{ground.everyone_id}"
    assert await owner.refused("POST", path) == (400, "DEFAULT_ROLE")
    assert await owner.refused("DELETE", path) == (400, "DEFAULT_ROLE")


ACTS: list[tuple[str, str, Any]] = [
    ("DELETE", "/members/USER", None),
    ("POST", "/bans/USER", {"reason": "spite"}),
    ("POST", "/members/USER/timeout", {"until": "SOON"}),
    ("DELETE", "/members/USER/timeout", None),
    ("PATCH", "/members/USER", {"muted": True}),
    ("PATCH", "/members/USER", {"deafened": True}),
    ("PATCH", "/members/USER", {"channel_id": None}),
    ("PATCH", "/members/USER", {"nickname": "Fool"}),
]


async def test_nobody_acts_on_equals_superiors_or_the_owner(
    town: Town, moderator: Person, member: Person, owner: Person, ground: Ground
) -> None:
    listed = (await owner.ask("GET", f"{ground.url}/roles"))["items"]
    roles = {role["name"]: role["id"] for role in listed}
    equal, superior = await town.people("equal", "superior")
    await ground.admit(equal, superior)
    await owner.ask("POST", f"{ground.url}/members/{equal.user_id}/roles/{roles['moderator']}")
    await owner.ask("POST", f"{ground.url}/members/{superior.user_id}/roles/{roles['high']}")
    before = await owner.ask("GET", f"{ground.url}/members")
    for target in (equal, superior, owner):
        for method, path, body in ACTS:
            url = ground.url + path.replace("USER", target.user_id)
            body = {"until": at(hours=1)} if body == {"until": "SOON"} else body
            assert await moderator.refused(method, url, body) == (403, "ROLE_HIERARCHY"), (method, url)
    assert await owner.ask("GET", f"{ground.url}/members") == before


async def test_a_kicked_member_is_out_and_may_come_back(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    await moderator.ask("DELETE", f"{ground.url}/members/{member.user_id}", status=204)
    assert await member.refused("GET", ground.url) == (404, "NOT_FOUND")
    [left] = town.heard(MemberLeft, f"guild:{ground.id}")
    assert (left.user_id, left.reason) == (member.user_id, "kicked")
    assert town.heard(GuildLeft) == [GuildLeft(guild_id=ground.id, user_id=member.user_id, reason="kicked")]
    await ground.admit(member)
    again = await member.ask("GET", f"{ground.url}/members/{member.user_id}")
    assert again["role_ids"] == [], "roles do not wait for the kicked"


async def test_a_banned_member_is_out_and_stays_out(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    code = await ground.invite()
    await moderator.ask("POST", f"{ground.url}/bans/{member.user_id}", {"reason": "spam"}, status=204)
    assert await member.refused("GET", ground.url) == (404, "NOT_FOUND")
    assert town.heard(GuildLeft)[-1].reason == "banned"
    assert await member.refused("POST", f"/api/invites/{code}/join") == (403, "BANNED")
    [ban] = (await moderator.ask("GET", f"{ground.url}/bans"))["items"]
    assert (ban["user"]["id"], ban["reason"], ban["banned_by"]) == (
        member.user_id,
        "spam",
        moderator.user_id,
    )
    await moderator.ask("DELETE", f"{ground.url}/bans/{member.user_id}", status=204)
    assert await moderator.refused("DELETE", f"{ground.url}/bans/{member.user_id}") == (404, "NOT_FOUND")
    await member.ask("POST", f"/api/invites/{code}/join")


async def test_people_can_be_banned_before_they_come(
    town: Town, moderator: Person, outsider: Person, ground: Ground
) -> None:
    code = await ground.invite()
    for reason in ("first", "second"):
        body = {"reason": reason}
        await moderator.ask("POST", f"{ground.url}/bans/{outsider.user_id}", body, status=204)
    [ban] = (await moderator.ask("GET", f"{ground.url}/bans"))["items"]
    assert ban["reason"] == "second"
    assert await outsider.refused("POST", f"/api/invites/{code}/join") == (403, "BANNED")
    assert town.heard(GuildLeft) == []
    assert await moderator.refused("POST", f"{ground.url}/bans/{new_id()}") == (404, "NOT_FOUND")


async def test_a_ban_and_a_join_at_once_never_leave_a_banned_member(
    town: Town, moderator: Person, outsider: Person, ground: Ground
) -> None:
    code = await ground.invite()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outsider.send, "POST", f"/api/invites/{code}/join")
        nursery.start_soon(moderator.send, "POST", f"{ground.url}/bans/{outsider.user_id}")
    assert await outsider.refused("GET", ground.url) == (404, "NOT_FOUND")


async def test_a_timeout_silences_and_ends_by_itself(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    path = f"{ground.url}/members/{member.user_id}/timeout"
    until = at(hours=1)
    shown = await moderator.ask("POST", path, {"until": until, "reason": "calm down"})
    assert datetime.fromisoformat(shown["timed_out_until"]) == datetime.fromisoformat(until)
    assert town.heard(AccessChanged)[-1].user_id == member.user_id
    message = {"content": "but"}
    url = f"/api/messages/channel/{ground.text_id}"
    assert await member.refused("POST", url, message) == (403, "MISSING_PERMISSION")
    shown = await moderator.ask("DELETE", path)
    assert shown["timed_out_until"] is None
    await member.post(ground.text_id)
    await moderator.ask("POST", path, {"until": at(hours=1)})
    await town.house.db.run(_let_time_pass)
    await member.post(ground.text_id)
    shown = await member.ask("GET", f"{ground.url}/members/{member.user_id}")
    assert shown["timed_out_until"] is None


async def test_when_a_timeout_has_ended_everybody_concerned_looks_again(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    path = f"{ground.url}/members/{member.user_id}/timeout"
    await moderator.ask("POST", path, {"until": at(hours=1)})
    await moderator.ask("POST", path, {"until": at(seconds=1)})
    await _access_changed(town, member)
    shown = await member.ask("GET", f"{ground.url}/members/{member.user_id}")
    assert shown["timed_out_until"] is None


async def test_timeouts_from_before_the_start_end_as_well(
    town: Town, moderator: Person, member: Person, ground: Ground
) -> None:
    await moderator.ask("POST", f"{ground.url}/members/{member.user_id}/timeout", {"until": at(hours=1)})
    await town.house.db.run(_shorten)
    async with trio.open_nursery() as nursery:
        await nursery.start(expiry.run, town.house)
        await _access_changed(town, member)
        nursery.cancel_scope.cancel()


async def _access_changed(town: Town, member: Person) -> None:
    """Wait until it is told that the member's permissions have changed."""
    changed = trio.Event()

    def hear(_topic: str, news: object) -> None:
        if isinstance(news, AccessChanged) and news.user_id == member.user_id:
            changed.set()

    town.house.hub.listen(NEWS_TOPIC, hear)
    with trio.fail_after(10):
        await changed.wait()


async def _shorten(conn: Connection) -> None:
    await conn.execute("UPDATE guild_members SET timed_out_until = now() + interval '500 milliseconds'")


async def _let_time_pass(conn: Connection) -> None:
    await conn.execute("UPDATE guild_members SET timed_out_until = timed_out_until - interval '1 hour'")


async def test_a_timeout_lasts_four_weeks_at_most(moderator: Person, member: Person, ground: Ground) -> None:
    path = f"{ground.url}/members/{member.user_id}/timeout"
    for until in (at(seconds=-10), at(days=29), "soon", "2026-01-01T00:00:00", None):
        assert (await moderator.refused("POST", path, {"until": until}))[0] == 400
    await moderator.ask("POST", path, {"until": at(days=27)})


async def test_leaving(town: Town, member: Person, ground: Ground) -> None:
    await member.ask("POST", f"{ground.url}/leave", status=204)
    assert await member.refused("GET", ground.url) == (404, "NOT_FOUND")
    assert await member.refused("POST", f"{ground.url}/leave") == (404, "NOT_FOUND")
    assert town.heard(MemberLeft)[-1].reason == "left"
    assert (await ground.owner.ask("GET", ground.url))["member_count"] == 1


async def test_the_owner_cannot_leave(owner: Person, ground: Ground) -> None:
    assert await owner.refused("POST", f"{ground.url}/leave") == (409, "OWNER_CANNOT_LEAVE")


async def test_two_moderators_cannot_both_win_a_race_of_demotion(
    town: Town, owner: Person, ground: Ground
) -> None:
    """A kick waits for the change of ranks before it, and is then judged by what stands after it."""
    moderator, victim = await town.people("moderator", "victim")
    await ground.admit(moderator, victim)
    role_id = await ground.role(int(Permission.KICK_MEMBERS), moderator)
    statuses: list[int] = []

    async def kick() -> None:
        response = await moderator.send("DELETE", f"{ground.url}/members/{victim.user_id}")
        statuses.append(response.status_code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(owner.send, "DELETE", f"{ground.url}/members/{moderator.user_id}/roles/{role_id}")
        nursery.start_soon(kick)
    seen = await owner.send("GET", f"{ground.url}/members/{victim.user_id}")
    assert (statuses[0], seen.status_code) in ((204, 404), (403, 200))
