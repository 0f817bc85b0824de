"""Guilds: founding, editing, handing over, dissolving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.features.town import Ground, Person, Town, open_town, town_settings
from voicechat.bus import Bus
from voicechat.ids import new_id
from voicechat.protocol.guilds import GuildUpdated
from voicechat.protocol.news import AccessChanged, GuildJoined, GuildLeft
from voicechat.protocol.permissions import ALL_PERMISSIONS, EVERYONE_DEFAULT
from voicechat.settings import LimitSettings
from voicechat.storage import Connection, Database


async def test_a_new_guild_has_its_first_channels_and_everyone(town: Town, owner: Person) -> None:
    body = {"name": "  Friends ", "description": "who play\ntogether"}
    guild = await owner.ask("POST", "/api/guilds", body, status=201)
    assert (guild["name"], guild["description"], guild["owner_id"]) == (
        "Friends",
        body["description"],
        owner.user_id,
    )
    assert (guild["member_count"], guild["my_permissions"]) == (1, ALL_PERMISSIONS)
    channels = (await owner.ask("GET", f"/api/guilds/{guild['id']}/channels"))["items"]
    assert [(channel["name"], channel["channel_type"]) for channel in channels] == [
        ("general", "text"),
        ("General", "voice"),
    ]
    [everyone] = (await owner.ask("GET", f"/api/guilds/{guild['id']}/roles"))["items"]
    assert (everyone["is_default"], everyone["position"]) == (True, 0)
    assert everyone["permissions"] == EVERYONE_DEFAULT
    assert town.heard(GuildJoined) == [GuildJoined(guild_id=guild["id"], user_id=owner.user_id)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"name": "ok", "owner_id": new_id()},
        {"name": 7},
    ],
)
async def test_a_bad_guild_is_refused(owner: Person, body: dict[str, Any]) -> None:
    assert (await owner.refused("POST", "/api/guilds", body))[0] == 400


async def test_guilds_are_listed_in_the_order_one_joined_them(town: Town, owner: Person) -> None:
    names = ["First", "Second", "Third"]
    for name in names:
        await owner.found(name)
    await (await town.sign_up("other")).found("Foreign")
    assert [guild["name"] for guild in (await owner.ask("GET", "/api/guilds"))["items"]] == names


async def test_nobody_is_in_more_guilds_than_allowed(db: Database, bus: Bus, tmp_path: Path) -> None:
    limits = LimitSettings(enabled=False, guilds_per_user=3)
    async with open_town(town_settings(tmp_path, limits=limits), db, bus) as town:
        owner = await town.sign_up("owner")
        statuses: list[int] = []

        async def found() -> None:
            response = await owner.send("POST", "/api/guilds", {"name": "Another"})
            statuses.append(response.status_code)

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(found)
        assert sorted(statuses) == [201] * 3 + [409] * 7


async def test_renaming_is_told_to_the_members(town: Town, owner: Person, ground: Ground) -> None:
    changed = await owner.ask("PATCH", ground.url, {"name": "New name", "description": "new"})
    assert (changed["name"], changed["description"]) == ("New name", "new")
    kept = await owner.ask("PATCH", ground.url, {"description": None})
    assert (kept["name"], kept["description"]) == ("New name", None)
    events = town.heard(GuildUpdated, f"guild:{ground.id}")
    assert [(event.name, event.description) for event in events] == [("New name", "new"), ("New name", None)]


async def test_an_afk_channel_is_chosen_told_and_forgotten_with_the_channel(
    town: Town, owner: Person, ground: Ground
) -> None:
    guild = await owner.ask("GET", ground.url)
    assert (guild["afk_channel_id"], guild["afk_timeout_s"]) == (None, 300)
    body = {"afk_channel_id": ground.voice_id, "afk_timeout_s": 60}
    changed = await owner.ask("PATCH", ground.url, body)
    assert (changed["afk_channel_id"], changed["afk_timeout_s"]) == (ground.voice_id, 60)
    [event] = town.heard(GuildUpdated, f"guild:{ground.id}")
    assert (event.afk_channel_id, event.afk_timeout_s) == (ground.voice_id, 60)
    told = AccessChanged(guild_id=ground.id, channel_id=ground.voice_id)
    assert town.heard(AccessChanged) == [told], "who is in there is heard no more"
    await owner.ask("PATCH", ground.url, {"afk_timeout_s": 3600})
    assert town.heard(AccessChanged) == [told]
    await owner.ask("DELETE", f"/api/channels/{ground.voice_id}", status=204)
    assert (await owner.ask("GET", ground.url))["afk_channel_id"] is None


async def test_only_a_voice_channel_of_the_guild_is_an_afk_channel(
    owner: Person, ground: Ground, outsider: Person
) -> None:
    own = await outsider.found()
    refusals = [
        ({"afk_channel_id": ground.text_id}, (400, "NOT_A_VOICE_CHANNEL")),
        ({"afk_channel_id": own.voice_id}, (404, "NOT_FOUND")),
        ({"afk_channel_id": new_id()}, (404, "NOT_FOUND")),
    ]
    for body, answer in refusals:
        assert await owner.refused("PATCH", ground.url, body) == answer
    for seconds in (59, 3601, None, "60"):
        assert (await owner.refused("PATCH", ground.url, {"afk_timeout_s": seconds}))[0] == 400
    guild = await owner.ask("GET", ground.url)
    assert (guild["afk_channel_id"], guild["afk_timeout_s"]) == (None, 300)
    await owner.ask("PATCH", ground.url, {"afk_channel_id": ground.voice_id})
    assert (await owner.ask("PATCH", ground.url, {"afk_channel_id": None}))["afk_channel_id"] is None


async def test_dissolving_takes_everything_along(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    await member.post(ground.text_id)
    await owner.ask("DELETE", ground.url, status=204)
    assert await member.refused("GET", ground.url) == (404, "NOT_FOUND")
    assert await member.refused("GET", f"/api/channels/{ground.text_id}") == (404, "NOT_FOUND")
    assert GuildLeft(guild_id=ground.id, user_id=None, reason="deleted") in town.heard(GuildLeft)

    async def leftovers(conn: Connection) -> list[int]:
        tables = ("guilds", "guild_members", "roles", "channels", "messages")
        return [int(await conn.fetchval(f"SELECT count(*) FROM {table}")) for table in tables]

    assert await town.house.db.run(leftovers) == [0] * 5


async def test_only_the_owner_dissolves(owner: Person, member: Person, ground: Ground) -> None:
    await ground.role(int(ALL_PERMISSIONS), member)
    assert await member.refused("DELETE", ground.url) == (403, "OWNER_ONLY")


async def test_a_guild_is_handed_over(town: Town, owner: Person, member: Person, ground: Ground) -> None:
    await owner.ask("PATCH", f"{ground.url}/members/{member.user_id}", {"muted": True})
    guild = await owner.ask("POST", f"{ground.url}/transfer", {"user_id": member.user_id})
    assert guild["owner_id"] == member.user_id
    assert (await member.ask("GET", ground.url))["my_permissions"] == ALL_PERMISSIONS
    assert (await owner.ask("GET", ground.url))["my_permissions"] == EVERYONE_DEFAULT
    assert AccessChanged(guild_id=ground.id) in town.heard(AccessChanged)
    assert town.heard(GuildUpdated, f"guild:{ground.id}")[-1].owner_id == member.user_id
    me = await member.ask("GET", f"{ground.url}/members/{member.user_id}")
    assert me["muted"] is False, "nobody could ever unmute the owner"
    await owner.ask("POST", f"{ground.url}/leave", status=204)


async def test_of_many_hand_overs_at_once_one_happens(town: Town, owner: Person, ground: Ground) -> None:
    heirs = await town.people(*["heir"] * 5)
    await ground.admit(*heirs)
    statuses: list[int] = []

    async def transfer(heir: Person) -> None:
        response = await owner.send("POST", f"{ground.url}/transfer", {"user_id": heir.user_id})
        statuses.append(response.status_code)

    async with trio.open_nursery() as nursery:
        for heir in heirs:
            nursery.start_soon(transfer, heir)
    assert sorted(statuses) == [200, 403, 403, 403, 403]


async def test_a_guild_goes_to_members_only(owner: Person, ground: Ground, outsider: Person) -> None:
    url = f"{ground.url}/transfer"
    assert await owner.refused("POST", url, {"user_id": outsider.user_id}) == (404, "NOT_FOUND")
    assert await owner.refused("POST", url, {"user_id": owner.user_id}) == (409, "ALREADY_OWNER")
    assert await owner.refused("POST", url, {"user_id": new_id()}) == (404, "NOT_FOUND")
