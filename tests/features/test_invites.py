"""Invites: bounds hold under races, bad ones cannot be told apart, and none grants more than membership."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.features.town import Ground, Person, Town, open_town, town_settings
from voicechat.bus import Bus
from voicechat.features.invites import rules
from voicechat.protocol.guilds import MemberJoined
from voicechat.protocol.news import GuildJoined
from voicechat.protocol.permissions import EVERYONE_DEFAULT, Permission
from voicechat.settings import LimitSettings
from voicechat.storage import Connection, Database


async def test_an_invite_lives_a_week_unless_said(owner: Person, ground: Ground) -> None:
    url = f"{ground.url}/invites"
    plain = await owner.ask("POST", url, {}, status=201)
    assert (plain["max_uses"], plain["uses"], plain["created_by"]) == (None, 0, owner.user_id)
    assert plain["expires_at"] is not None
    bounded = await owner.ask("POST", url, {"max_uses": 3, "expires_in_s": None}, status=201)
    assert (bounded["max_uses"], bounded["expires_at"]) == (3, None)
    listed = (await owner.ask("GET", url))["items"]
    assert [invite["code"] for invite in listed] == [bounded["code"], plain["code"]]


def test_codes_have_71_bits_and_never_repeat() -> None:
    codes = {rules.new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(re.fullmatch(r"[0-9A-Za-z]{12}", code) for code in codes)


@pytest.mark.parametrize(
    "body",
    [
        {"max_uses": 0},
        {"max_uses": 10_001},
        {"expires_in_s": 59},
        {"expires_in_s": 366 * 86_400},
        {"code": "mine"},
    ],
)
async def test_a_bad_invite_is_refused(owner: Person, ground: Ground, body: dict[str, Any]) -> None:
    assert (await owner.refused("POST", f"{ground.url}/invites", body))[0] == 400


async def test_joining_is_told_and_gives_no_more_than_everyone_has(
    town: Town, outsider: Person, ground: Ground
) -> None:
    code = await ground.invite(channel_id=ground.text_id)
    joined = await outsider.ask("POST", f"/api/invites/{code}/join")
    assert (joined["guild"]["id"], joined["channel_id"], joined["already_member"]) == (
        ground.id,
        ground.text_id,
        False,
    )
    assert joined["guild"]["my_permissions"] == EVERYONE_DEFAULT
    [event] = town.heard(MemberJoined, f"guild:{ground.id}")
    assert event.member.user.id == outsider.user_id
    assert town.heard(GuildJoined)[-1] == GuildJoined(guild_id=ground.id, user_id=outsider.user_id)


async def test_a_members_own_click_uses_nothing_up(town: Town, member: Person, ground: Ground) -> None:
    code = await ground.invite(max_uses=1)
    heard = len(town.heard(MemberJoined))
    for _ in range(3):
        assert (await member.ask("POST", f"/api/invites/{code}/join"))["already_member"] is True
    assert len(town.heard(MemberJoined)) == heard
    await (await town.sign_up("other")).ask("POST", f"/api/invites/{code}/join")


async def test_of_fifty_at_once_one_gets_the_only_use(town: Town, ground: Ground) -> None:
    code = await ground.invite(max_uses=1)
    people = await town.people(*["racer"] * 50)
    statuses: Counter[int] = Counter()

    async def join(person: Person) -> None:
        statuses[(await person.send("POST", f"/api/invites/{code}/join")).status_code] += 1

    async with trio.open_nursery() as nursery:
        for person in people:
            nursery.start_soon(join, person)
    assert statuses == {200: 1, 404: 49}
    assert (await ground.owner.ask("GET", ground.url))["member_count"] == 2


async def test_the_same_person_joining_at_once_joins_once(outsider: Person, ground: Ground) -> None:
    code = await ground.invite(max_uses=5)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(outsider.send, "POST", f"/api/invites/{code}/join")
    [invite] = (await ground.owner.ask("GET", f"{ground.url}/invites"))["items"]
    assert invite["uses"] == 1
    assert (await ground.owner.ask("GET", ground.url))["member_count"] == 2


async def test_a_full_guild_takes_nobody_even_at_once(db: Database, bus: Bus, tmp_path: Path) -> None:
    limits = LimitSettings(enabled=False, members_per_guild=4)
    async with open_town(town_settings(tmp_path, limits=limits), db, bus) as town:
        ground = await (await town.sign_up("owner")).found()
        code = await ground.invite(max_uses=100)
        people = await town.people(*["guest"] * 8)
        async with trio.open_nursery() as nursery:
            for person in people:
                nursery.start_soon(person.send, "POST", f"/api/invites/{code}/join")
        assert (await ground.owner.ask("GET", ground.url))["member_count"] == 4
        [invite] = (await ground.owner.ask("GET", f"{ground.url}/invites"))["items"]
        assert invite["uses"] == 3, "whoever did not get in used nothing up"


async def test_unknown_expired_and_used_up_are_answered_alike(
    town: Town, outsider: Person, ground: Ground
) -> None:
    expired, used = await ground.invite(), await ground.invite(max_uses=1)

    async def spoil(conn: Connection) -> None:
        await conn.execute("UPDATE invites SET expires_at = now() WHERE code = $1", expired)

    await town.house.db.run(spoil)
    await (await town.sign_up("guest")).ask("POST", f"/api/invites/{used}/join")
    for method, suffix in (("GET", ""), ("POST", "/join")):
        codes = (expired, used, "AAAAbbbb0000", "x", "x" * 64, "..%2Fguilds", "%27--", "%C3%A4", "a b")
        answers = [await outsider.send(method, f"/api/invites/{code}{suffix}") for code in codes]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers if b"invite" in answer.content}) == 1


async def test_a_preview_tells_strangers_where_it_leads(town: Town, owner: Person, ground: Ground) -> None:
    code = await ground.invite(channel_id=ground.text_id)
    shown = await town.stranger().ask("GET", f"/api/invites/{code}")
    assert (shown["guild_id"], shown["guild_name"], shown["member_count"]) == (ground.id, "Friends", 1)
    assert (shown["channel_id"], shown["channel_name"]) == (ground.text_id, "general")
    assert shown["inviter"]["id"] == owner.user_id


async def test_a_preview_does_not_name_a_channel_newcomers_will_not_see(town: Town, ground: Ground) -> None:
    secret = await ground.private_channel()
    code = await ground.invite(channel_id=secret)
    shown = await town.stranger().ask("GET", f"/api/invites/{code}")
    assert (shown["channel_id"], shown["channel_name"]) == (None, None)


async def test_nobody_invites_to_a_channel_they_do_not_see(
    town: Town, member: Person, ground: Ground
) -> None:
    secret = await ground.private_channel()
    elsewhere = await member.found()
    for channel_id in (secret, elsewhere.text_id):
        body = {"channel_id": channel_id}
        assert await member.refused("POST", f"{ground.url}/invites", body) == (404, "NOT_FOUND")


async def test_ones_own_invite_can_be_withdrawn(member: Person, owner: Person, ground: Ground) -> None:
    url = f"{ground.url}/invites"
    own = (await member.ask("POST", url, {}, status=201))["code"]
    await member.ask("DELETE", f"{url}/{own}", status=204)
    assert await owner.refused("DELETE", f"{url}/{own}") == (404, "NOT_FOUND")
    foreign = await ground.invite()
    assert await member.refused("DELETE", f"{url}/{foreign}") == (403, "MISSING_PERMISSION")


async def test_another_guilds_invite_cannot_be_withdrawn(outsider: Person, ground: Ground) -> None:
    own = await outsider.found()
    code = await ground.invite()
    assert await outsider.refused("DELETE", f"{own.url}/invites/{code}") == (404, "NOT_FOUND")
    await outsider.ask("POST", f"/api/invites/{code}/join")


async def test_invites_are_limited_and_dead_ones_do_not_count(db: Database, bus: Bus, tmp_path: Path) -> None:
    limits = LimitSettings(enabled=False, invites_per_guild=2)
    async with open_town(town_settings(tmp_path, limits=limits), db, bus) as town:
        ground = await (await town.sign_up("owner")).found()
        used = await ground.invite(max_uses=1)
        await ground.invite()
        refusal = await ground.owner.refused("POST", f"{ground.url}/invites", {})
        assert refusal == (409, "LIMIT_EXCEEDED")
        await (await town.sign_up("guest")).ask("POST", f"/api/invites/{used}/join")
        await ground.invite()


async def test_who_is_in_too_many_guilds_joins_no_other(db: Database, bus: Bus, tmp_path: Path) -> None:
    limits = LimitSettings(enabled=False, guilds_per_user=2)
    async with open_town(town_settings(tmp_path, limits=limits), db, bus) as town:
        owner, guest = await town.people("owner", "guest")
        codes = [await (await owner.found()).invite(max_uses=1) for _ in range(2)]
        await guest.found()
        statuses: list[int] = []

        async def join(code: str) -> None:
            statuses.append((await guest.send("POST", f"/api/invites/{code}/join")).status_code)

        async with trio.open_nursery() as nursery:
            for code in codes:
                nursery.start_soon(join, code)
        assert sorted(statuses) == [200, 409]


async def test_an_invite_by_a_channels_own_permission(member: Person, ground: Ground) -> None:
    body = {"channel_id": ground.text_id}
    bit = int(Permission.CREATE_INVITE)
    await ground.override(ground.text_id, ground.everyone_id, deny=bit)
    assert (await member.refused("POST", f"{ground.url}/invites", body))[0] == 403
    await member.ask("POST", f"{ground.url}/invites", {}, status=201)
