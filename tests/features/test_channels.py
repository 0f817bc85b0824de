"""Channels, categories, overrides, and how far one has read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.features.town import Ground, Person, Town, open_town, town_settings
from voicechat.bus import Bus
from voicechat.ids import new_id
from voicechat.protocol.channels import ChannelRead
from voicechat.protocol.news import AccessChanged
from voicechat.protocol.permissions import EVERYONE_DEFAULT, Permission
from voicechat.settings import LimitSettings
from voicechat.storage import Connection, Database

VIEW, SEND = int(Permission.VIEW_CHANNEL), int(Permission.SEND_MESSAGES)


async def names(person: Person, ground: Ground) -> list[str]:
    listed = (await person.ask("GET", f"{ground.url}/channels"))["items"]
    return [channel["name"] for channel in listed]


async def test_a_channel_comes_last_and_everybody_hears(town: Town, owner: Person, ground: Ground) -> None:
    body = {"guild_id": ground.id, "name": " games ", "topic": "what\nto play", "channel_type": "text"}
    channel = await owner.ask("POST", "/api/channels", body, status=201)
    assert (channel["name"], channel["topic"], channel["position"]) == ("games", "what\nto play", 2)
    assert await names(owner, ground) == ["general", "General", "games"]
    assert town.heard(AccessChanged) == [AccessChanged(guild_id=ground.id, channel_id=channel["id"])]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 65},
        {"name": "ok", "channel_type": "dm"},
        {"name": "ok", "topic": "x" * 1025},
        {"name": "ok", "user_limit": 5},
        {"name": "ok", "channel_type": "voice", "user_limit": 0},
        {"name": "ok", "channel_type": "voice", "user_limit": 100},
        {"name": "ok", "bitrate_kbps": 64},
        {"name": "ok", "ptime_ms": 20},
        {"name": "ok", "channel_type": "voice", "bitrate_kbps": 7},
        {"name": "ok", "channel_type": "voice", "bitrate_kbps": 511},
        {"name": "ok", "channel_type": "voice", "bitrate_kbps": None},
        {"name": "ok", "channel_type": "voice", "ptime_ms": 30},
        {"name": "ok", "channel_type": "voice", "ptime_ms": "10"},
        {"name": "ok", "max_screen_shares": 6},
        {"name": "ok", "channel_type": "voice", "max_screen_shares": 0},
        {"name": "ok", "channel_type": "voice", "max_screen_shares": 17},
        {"name": "ok", "channel_type": "voice", "max_screen_shares": None},
    ],
)
async def test_a_bad_channel_is_refused(owner: Person, ground: Ground, body: dict[str, Any]) -> None:
    assert (await owner.refused("POST", "/api/channels", {"guild_id": ground.id, **body}))[0] == 400
    assert len(await names(owner, ground)) == 2


async def test_no_channel_without_a_guild(owner: Person) -> None:
    assert (await owner.refused("POST", "/api/channels", {"name": "orphan"}))[0] == 400


async def test_channels_are_limited_even_when_made_at_once(db: Database, bus: Bus, tmp_path: Path) -> None:
    limits = LimitSettings(enabled=False, channels_per_guild=5)
    async with open_town(town_settings(tmp_path, limits=limits), db, bus) as town:
        owner = await town.sign_up("owner")
        ground = await owner.found()
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(owner.send, "POST", "/api/channels", {"guild_id": ground.id, "name": "x"})
        assert len(await names(owner, ground)) == 5


async def test_a_channel_is_edited(town: Town, owner: Person, ground: Ground) -> None:
    url = f"/api/channels/{ground.voice_id}"
    channel = await owner.ask(
        "PATCH", url, {"name": "Lounge", "user_limit": 5, "topic": "chat", "position": 9}
    )
    assert (channel["name"], channel["user_limit"], channel["topic"], channel["position"]) == (
        "Lounge",
        5,
        "chat",
        9,
    )
    channel = await owner.ask("PATCH", url, {"user_limit": None, "topic": None})
    assert (channel["name"], channel["user_limit"], channel["topic"]) == ("Lounge", None, None)
    assert await owner.refused("PATCH", f"/api/channels/{ground.text_id}", {"user_limit": 5}) == (
        400,
        "NOT_A_VOICE_CHANNEL",
    )


async def test_a_voice_channel_says_how_voices_are_encoded(owner: Person, ground: Ground) -> None:
    def encoding(channel: Any) -> tuple[int | None, int | None]:
        return channel.get("bitrate_kbps"), channel.get("ptime_ms")

    text_url, voice_url = f"/api/channels/{ground.text_id}", f"/api/channels/{ground.voice_id}"
    assert encoding(await owner.ask("GET", voice_url)) == (64, 20)
    assert encoding(await owner.ask("GET", text_url)) == (None, None)
    edited = await owner.ask("PATCH", voice_url, {"bitrate_kbps": 510, "ptime_ms": 10})
    assert encoding(edited) == (510, 10)
    body = {"guild_id": ground.id, "name": "Raid", "channel_type": "voice", "bitrate_kbps": 8, "ptime_ms": 60}
    made = await owner.ask("POST", "/api/channels", body, status=201)
    assert encoding(made) == (8, 60)
    for change in ({"bitrate_kbps": 64}, {"ptime_ms": 20}):
        assert await owner.refused("PATCH", text_url, change) == (400, "NOT_A_VOICE_CHANNEL")
    assert (await owner.refused("PATCH", voice_url, {"ptime_ms": 15}))[0] == 400
    assert encoding(await owner.ask("GET", voice_url)) == (510, 10)


async def test_a_voice_channel_says_how_many_screens_are_shared_in_it(owner: Person, ground: Ground) -> None:
    text_url, voice_url = f"/api/channels/{ground.text_id}", f"/api/channels/{ground.voice_id}"
    assert (await owner.ask("GET", voice_url))["max_screen_shares"] == 6
    assert "max_screen_shares" not in await owner.ask("GET", text_url)
    assert (await owner.ask("PATCH", voice_url, {"max_screen_shares": 16}))["max_screen_shares"] == 16
    body = {"guild_id": ground.id, "name": "Raid", "channel_type": "voice", "max_screen_shares": 1}
    assert (await owner.ask("POST", "/api/channels", body, status=201))["max_screen_shares"] == 1
    assert await owner.refused("PATCH", text_url, {"max_screen_shares": 2}) == (400, "NOT_A_VOICE_CHANNEL")
    assert (await owner.refused("PATCH", voice_url, {"max_screen_shares": 17}))[0] == 400


@pytest.mark.parametrize("field", ["guild_id", "channel_type", "id", "my_permissions", "created_at"])
async def test_what_a_channel_is_cannot_be_edited(owner: Person, ground: Ground, field: str) -> None:
    assert (await owner.refused("PATCH", f"/api/channels/{ground.text_id}", {field: new_id()}))[0] == 400


async def test_a_deleted_channel_takes_its_messages(town: Town, owner: Person, ground: Ground) -> None:
    message = await owner.post(ground.text_id)
    await owner.ask("DELETE", f"/api/channels/{ground.text_id}", status=204)
    for method, path in (
        ("GET", f"/api/channels/{ground.text_id}"),
        ("GET", f"/api/messages/channel/{ground.text_id}"),
        ("DELETE", f"/api/messages/{message['id']}"),
    ):
        assert await owner.refused(method, path) == (404, "NOT_FOUND")
    assert town.heard(AccessChanged) == [AccessChanged(guild_id=ground.id, channel_id=ground.text_id)]


async def test_reordering_is_all_or_nothing(town: Town, owner: Person, ground: Ground) -> None:
    games = await ground.channel("games")
    url = f"{ground.url}/channels/reorder"
    places = [
        {"id": games, "position": 0},
        {"id": ground.text_id, "position": 1},
        {"id": ground.voice_id, "position": 2},
    ]
    answered = await owner.ask("POST", url, {"channels": places})
    assert [channel["name"] for channel in answered["items"]] == ["games", "general", "General"]
    wrong = [{"id": ground.text_id, "position": 0}, {"id": new_id(), "position": 1}]
    assert await owner.refused("POST", url, {"channels": wrong}) == (404, "NOT_FOUND")
    assert await names(owner, ground) == ["games", "general", "General"]


async def test_a_private_channel_is_seen_by_its_role_alone(
    town: Town, member: Person, outsider: Person, ground: Ground
) -> None:
    friend = await town.sign_up("friend")
    await ground.admit(friend)
    role_id = await ground.role(0, friend)
    secret = await ground.private_channel(role_id)
    assert "secret" in await names(friend, ground)
    assert "secret" not in await names(member, ground)
    await friend.post(secret, "between us")
    hidden = await member.send("GET", f"/api/channels/{secret}")
    never = await member.send("GET", f"/api/channels/{new_id()}")
    assert (hidden.status_code, hidden.content) == (404, never.content)
    await ground.owner.ask("DELETE", f"{ground.url}/members/{friend.user_id}/roles/{role_id}")
    assert await friend.refused("GET", f"/api/messages/channel/{secret}") == (404, "NOT_FOUND")


# --- categories


async def category(ground: Ground, name: str = "group") -> str:
    made = await ground.owner.ask("POST", f"{ground.url}/categories", {"name": name}, status=201)
    return str(made["id"])


async def test_categories_come_and_go_without_their_channels(
    town: Town, owner: Person, ground: Ground
) -> None:
    first, second = await category(ground, "first"), await category(ground, "second")
    channel_id = await ground.channel("inside", category_id=second)
    moved = await owner.ask("PATCH", f"{ground.url}/categories/{second}", {"position": 0, "name": "renamed"})
    assert (moved["name"], moved["position"]) == ("renamed", 0)
    await owner.ask("PATCH", f"{ground.url}/categories/{first}", {"position": 5})
    listed = (await owner.ask("GET", f"{ground.url}/categories"))["items"]
    assert [entry["name"] for entry in listed] == ["renamed", "first"]
    await owner.ask("DELETE", f"{ground.url}/categories/{second}", status=204)
    assert (await owner.ask("GET", f"/api/channels/{channel_id}"))["category_id"] is None
    assert len(town.heard(AccessChanged)) == 6


async def test_a_channel_moves_between_categories(owner: Person, ground: Ground) -> None:
    place = await category(ground)
    url = f"/api/channels/{ground.text_id}"
    assert (await owner.ask("PATCH", url, {"category_id": place}))["category_id"] == place
    assert (await owner.ask("PATCH", url, {"category_id": None}))["category_id"] is None
    entry = {"id": ground.text_id, "position": 3, "category_id": place}
    await owner.ask("POST", f"{ground.url}/channels/reorder", {"channels": [entry]})
    assert (await owner.ask("GET", url))["category_id"] == place


async def test_another_guilds_category_is_not_there(town: Town, owner: Person, ground: Ground) -> None:
    other = await (await town.sign_up("other")).found()
    await other.admit(owner)
    foreign = await category(other)
    entry = {"id": ground.text_id, "position": 3, "category_id": foreign}
    for method, path, body in (
        ("PATCH", f"/api/channels/{ground.text_id}", {"category_id": foreign}),
        ("POST", "/api/channels", {"guild_id": ground.id, "name": "x", "category_id": foreign}),
        ("POST", f"{ground.url}/channels/reorder", {"channels": [entry]}),
    ):
        assert await owner.refused(method, path, body) == (404, "NOT_FOUND")


async def test_a_category_hides_and_a_channel_in_it_opens(member: Person, ground: Ground) -> None:
    place = await category(ground)
    inside = await ground.channel("inside", category_id=place)
    url = f"{ground.url}/categories/{place}/overrides/{ground.everyone_id}"
    await ground.owner.ask("PUT", url, {"deny": VIEW})
    assert "inside" not in await names(member, ground)
    assert (await member.ask("GET", f"{ground.url}/categories"))["items"] == []
    await ground.override(inside, ground.everyone_id, allow=VIEW)
    assert "inside" in await names(member, ground)
    [shown] = (await member.ask("GET", f"{ground.url}/categories"))["items"]
    assert shown["id"] == place
    await ground.owner.ask("DELETE", url, status=204)
    assert (await ground.owner.ask("GET", f"{ground.url}/categories/{place}/overrides"))["items"] == []


# --- overrides


async def test_overrides_are_set_listed_and_removed(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    url = f"/api/channels/{ground.text_id}/overrides"
    body = {"allow": 0, "deny": SEND}
    answered = await owner.ask("PUT", f"{url}/{ground.everyone_id}", body)
    assert answered == {"target_id": ground.everyone_id, "target_type": "role", **body}
    await owner.ask("PUT", f"{url}/{member.user_id}", {"allow": SEND, "target_type": "member"})
    assert [(o["target_type"], o["allow"], o["deny"]) for o in (await owner.ask("GET", url))["items"]] == [
        ("role", 0, SEND),
        ("member", SEND, 0),
    ]
    assert town.heard(AccessChanged)[-1] == AccessChanged(guild_id=ground.id, channel_id=ground.text_id)
    await member.post(ground.text_id)
    await owner.ask("DELETE", f"{url}/{member.user_id}", status=204)
    path = f"/api/messages/channel/{ground.text_id}"
    assert (await member.refused("POST", path, {"content": "x"}))[0] == 403
    assert await owner.refused("DELETE", f"{url}/{member.user_id}") == (404, "NOT_FOUND")


async def test_an_override_is_of_somebody_in_the_guild(town: Town, owner: Person, ground: Ground) -> None:
    other = await (await town.sign_up("other")).found()
    url = f"/api/channels/{ground.text_id}/overrides"
    for target_id, target_type in (
        (other.everyone_id, "role"),
        (other.owner.user_id, "member"),
        (owner.user_id, "role"),
        (new_id(), "member"),
    ):
        refusal = await owner.refused("PUT", f"{url}/{target_id}", {"target_type": target_type})
        assert refusal == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {"allow": SEND, "deny": SEND},
        {"allow": 1 << 40},
        {"deny": 1 << 52},
        {"allow": -1},
        {"allow": 2**53},
        {"target_type": "owner"},
    ],
)
async def test_a_bad_override_is_refused(owner: Person, ground: Ground, body: dict[str, Any]) -> None:
    url = f"/api/channels/{ground.text_id}/overrides/{ground.everyone_id}"
    assert (await owner.refused("PUT", url, body))[0] == 400


@pytest.fixture
async def keeper(town: Town, ground: Ground) -> Person:
    """Somebody with MANAGE_ROLES and the bits everyone has, above the role `low`."""
    keeper = await town.sign_up("karl")
    await ground.admit(keeper)
    await ground.role(name="high")
    await ground.role(int(Permission.MANAGE_ROLES), keeper, name="keeper")
    await ground.role(name="low")
    return keeper


async def test_overrides_move_only_bits_one_holds_there(keeper: Person, ground: Ground) -> None:
    url = f"/api/channels/{ground.text_id}/overrides/{ground.everyone_id}"
    for body in ({"allow": int(Permission.MANAGE_MESSAGES)}, {"deny": int(Permission.BAN_MEMBERS)}):
        assert await keeper.refused("PUT", url, body) == (403, "CANNOT_ESCALATE")
    await keeper.ask("PUT", url, {"deny": SEND})
    assert await keeper.refused("PUT", url, {"allow": SEND}) == (403, "CANNOT_ESCALATE"), "lost it there"


async def test_overrides_set_by_others_are_not_lifted_without_the_bit(keeper: Person, ground: Ground) -> None:
    await ground.override(ground.text_id, ground.everyone_id, deny=int(Permission.MANAGE_MESSAGES))
    url = f"/api/channels/{ground.text_id}/overrides/{ground.everyone_id}"
    assert await keeper.refused("PUT", url, {}) == (403, "CANNOT_ESCALATE")
    assert await keeper.refused("DELETE", url) == (403, "CANNOT_ESCALATE")


async def test_overrides_are_of_roles_and_members_below(
    keeper: Person, member: Person, owner: Person, ground: Ground
) -> None:
    listed = (await owner.ask("GET", f"{ground.url}/roles"))["items"]
    roles = {role["name"]: role["id"] for role in listed}
    url = f"/api/channels/{ground.text_id}/overrides"
    for target_id, target_type in (
        (roles["high"], "role"),
        (roles["keeper"], "role"),
        (keeper.user_id, "member"),
        (owner.user_id, "member"),
    ):
        body = {"allow": SEND, "target_type": target_type}
        assert await keeper.refused("PUT", f"{url}/{target_id}", body) == (403, "ROLE_HIERARCHY")
    await keeper.ask("PUT", f"{url}/{roles['low']}", {"allow": SEND})
    await keeper.ask("PUT", f"{url}/{member.user_id}", {"allow": SEND, "target_type": "member"})


async def test_my_permissions_are_those_of_the_reader(member: Person, ground: Ground) -> None:
    await ground.override(ground.text_id, member.user_id, deny=SEND, target_type="member")
    mine = await member.ask("GET", f"/api/channels/{ground.text_id}")
    assert mine["my_permissions"] == EVERYONE_DEFAULT & ~SEND


# --- reading


async def unread(person: Person, channel_id: str) -> int:
    return int((await person.ask("GET", f"/api/channels/{channel_id}"))["unread_count"])


async def test_unread_messages_are_those_of_others_that_still_stand(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    await member.post(ground.text_id, "my own")
    posted = [await owner.post(ground.text_id, f"number {number}") for number in range(3)]
    assert (await unread(member, ground.text_id), await unread(owner, ground.text_id)) == (3, 1)
    await owner.ask("DELETE", f"/api/messages/{posted[0]['id']}", status=204)
    assert await unread(member, ground.text_id) == 2
    read = f"/api/channels/{ground.text_id}/read"
    await member.ask("POST", read, {"last_read_message_id": posted[1]["id"]}, status=204)
    assert await unread(member, ground.text_id) == 1
    await member.ask("POST", read, status=204)
    assert await unread(member, ground.text_id) == 0
    await member.ask("POST", read, {"last_read_message_id": posted[0]["id"]}, status=204)
    assert await unread(member, ground.text_id) == 0, "reading never goes back"
    events = town.heard(ChannelRead, f"user:{member.user_id}")
    assert [event.unread_count for event in events] == [1, 0, 0]
    assert events[-1].last_read_message_id == posted[2]["id"]


async def test_what_was_written_before_one_came_is_not_unread(
    town: Town, owner: Person, ground: Ground
) -> None:
    await owner.post(ground.text_id)
    late = await town.sign_up("late")
    await ground.admit(late)
    assert await unread(late, ground.text_id) == 0
    await owner.post(ground.text_id)
    assert await unread(late, ground.text_id) == 1


async def test_only_messages_of_the_channel_are_read_there(owner: Person, ground: Ground) -> None:
    elsewhere = await owner.post(await ground.channel())
    read = f"/api/channels/{ground.text_id}/read"
    for message_id in (elsewhere["id"], new_id()):
        assert await owner.refused("POST", read, {"last_read_message_id": message_id}) == (404, "NOT_FOUND")


async def test_an_empty_channel_can_be_read(town: Town, owner: Person, ground: Ground) -> None:
    await owner.ask("POST", f"/api/channels/{ground.text_id}/read", status=204)
    [event] = town.heard(ChannelRead)
    assert (event.last_read_message_id, event.unread_count) == (None, 0)


async def test_unread_messages_are_counted_up_to_a_hundred(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    async def write_many(conn: Connection) -> None:
        for _ in range(105):
            await conn.execute(
                "INSERT INTO messages (id, channel_id, author_id, content) VALUES ($1, $2, $3, 'x')",
                new_id(),
                ground.text_id,
                owner.user_id,
            )

    await town.house.db.transaction(write_many)
    assert await unread(member, ground.text_id) == 100
