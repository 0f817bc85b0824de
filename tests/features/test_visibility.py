"""Over real sockets: each connection learns of what it may see, as it may see it, and of nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trio

from tests.features.town import PASSWORD, Ground, Person, Town
from tests.support.gateway_client import GatewayClient
from voicechat import protocol
from voicechat.access import view
from voicechat.features.guilds import visibility
from voicechat.ids import new_id
from voicechat.protocol.channels import (
    CategoryCreated,
    CategoryDeleted,
    CategoryUpdated,
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
)
from voicechat.protocol.gateway import CloseCode, Error, Ping, Ready, Subscribe, Subscribed
from voicechat.protocol.guilds import (
    Guild,
    GuildCreated,
    GuildDeleted,
    GuildUpdated,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
)
from voicechat.protocol.messages import MessageNew
from voicechat.protocol.permissions import ALL_PERMISSIONS, EVERYONE_DEFAULT, Permission
from voicechat.protocol.roles import RoleUpdated
from voicechat.storage import Connection, Database

VIEW, SEND = int(Permission.VIEW_CHANNEL), int(Permission.SEND_MESSAGES)


@asynccontextmanager
async def watching(person: Person) -> AsyncIterator[tuple[GatewayClient, Ready]]:
    """Open a socket and take its `ready`."""
    async with person.connect() as socket:
        await socket.send(Ping())
        yield socket, await socket.expect(Ready)


async def until(
    socket: GatewayClient, matches: Callable[[protocol.Event], bool], *, within_s: float = 10
) -> list[protocol.Event]:
    """Receive up to and with the first event that matches; return all of them."""
    seen: list[protocol.Event] = []
    with trio.fail_after(within_s):
        while not seen or not matches(seen[-1]):
            seen.append(await socket.next())
    return seen


async def everything_so_far(socket: GatewayClient, ground: Ground) -> list[protocol.Event]:
    """Return all that came before a change that everybody sees, made now."""
    mark = new_id()
    await ground.owner.ask("PATCH", f"/api/channels/{ground.voice_id}", {"topic": mark})

    def is_mark(event: protocol.Event) -> bool:
        return isinstance(event, ChannelUpdated) and event.channel.topic == mark

    return (await until(socket, is_mark))[:-1]


def kinds(events: list[protocol.Event]) -> list[str]:
    return [protocol.wire_name(type(event)) for event in events if protocol.wire_name(type(event)) != "pong"]


async def test_ready_shows_what_one_may_see_and_no_more(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    secret = await ground.private_channel()
    await owner.post(ground.text_id)
    await (await town.sign_up("other")).found("Foreign")
    async with watching(member) as (_, ready):
        assert ready.user.id == member.user_id
        [snapshot] = ready.guilds
        assert {channel.id for channel in snapshot.channels} == {ground.text_id, ground.voice_id}
        assert {channel.unread_count for channel in snapshot.channels} == {0, 1}
        assert snapshot.guild.my_permissions == EVERYONE_DEFAULT
        assert snapshot.me.user.id == member.user_id
        assert [role.id for role in snapshot.roles] == [ground.everyone_id]
    async with watching(owner) as (_, ready):
        [snapshot] = ready.guilds
        assert secret in {channel.id for channel in snapshot.channels}
        assert snapshot.guild.my_permissions == ALL_PERMISSIONS


async def test_a_channel_made_where_one_sees_nothing_stays_unknown(
    owner: Person, member: Person, ground: Ground
) -> None:
    category = await owner.ask("POST", f"{ground.url}/categories", {"name": "back room"}, status=201)
    hide = f"{ground.url}/categories/{category['id']}/overrides/{ground.everyone_id}"
    await owner.ask("PUT", hide, {"deny": VIEW})
    async with watching(member) as (mias, ready), watching(owner) as (olgas, _):
        assert ready.guilds[0].categories == []
        secret = await ground.channel(category_id=category["id"])
        assert (await olgas.expect(ChannelCreated)).channel.id == secret
        await owner.ask("PATCH", f"/api/channels/{secret}", {"name": "renamed"})
        assert (await olgas.expect(ChannelUpdated)).channel.name == "renamed"
        await owner.post(secret, "between us")
        await olgas.expect(MessageNew)
        await owner.ask("DELETE", f"/api/channels/{secret}", status=204)
        assert (await olgas.expect(ChannelDeleted)).channel_id == secret
        assert kinds(await everything_so_far(mias, ground)) == []
        assert kinds(await everything_so_far(olgas, ground)) == ["channel_updated"], "that of the line before"


async def test_a_channel_opens_with_its_category_and_closes_again(
    owner: Person, member: Person, ground: Ground
) -> None:
    category = await owner.ask("POST", f"{ground.url}/categories", {"name": "back room"}, status=201)
    hide = f"{ground.url}/categories/{category['id']}/overrides/{ground.everyone_id}"
    await owner.ask("PUT", hide, {"deny": VIEW})
    secret = await ground.channel(category_id=category["id"])
    async with watching(member) as (socket, _):
        await ground.override(secret, ground.everyone_id, allow=VIEW)
        assert (await socket.expect(CategoryCreated)).category.id == category["id"]
        assert (await socket.expect(ChannelCreated)).channel.id == secret
        await owner.post(secret, "welcome")
        assert (await socket.expect(MessageNew)).message.content == "welcome"
        await ground.override(secret, ground.everyone_id)
        assert (await socket.expect(ChannelDeleted)).channel_id == secret
        await owner.post(secret, "gone")
        assert "message_new" not in kinds(await everything_so_far(socket, ground))


async def test_losing_the_role_loses_the_channel_and_its_messages(
    owner: Person, member: Person, ground: Ground
) -> None:
    role_id = await ground.role(0, member)
    secret = await ground.private_channel(role_id)
    async with watching(member) as (socket, _):
        await owner.post(secret, "one")
        await socket.expect(MessageNew)
        await owner.ask("DELETE", f"{ground.url}/members/{member.user_id}/roles/{role_id}")
        assert (await socket.expect(ChannelDeleted)).channel_id == secret
        await owner.post(secret, "two")
        assert "message_new" not in kinds(await everything_so_far(socket, ground))


async def test_gaining_the_role_gains_the_channel_at_once(
    owner: Person, member: Person, ground: Ground
) -> None:
    role_id = await ground.role()
    secret = await ground.private_channel(role_id)
    async with watching(member) as (socket, _):
        await owner.ask("POST", f"{ground.url}/members/{member.user_id}/roles/{role_id}")
        assert (await socket.expect(MemberUpdated)).member.role_ids == [role_id]
        assert (await socket.expect(ChannelCreated)).channel.id == secret
        await owner.post(secret, "welcome")
        assert (await socket.expect(MessageNew)).channel_id == secret


async def test_each_hears_of_a_channel_with_their_own_bits(
    owner: Person, member: Person, ground: Ground
) -> None:
    async with watching(member) as (mias, _), watching(owner) as (olgas, _):
        await ground.override(ground.text_id, ground.everyone_id, deny=SEND)
        updated = await mias.expect(ChannelUpdated)
        assert updated.channel.my_permissions == EVERYONE_DEFAULT & ~SEND
        assert kinds(await everything_so_far(olgas, ground)) == [], "nothing changed for the owner"
        await owner.ask("PATCH", f"/api/channels/{ground.text_id}", {"name": "lobby"})
        for socket, bits in ((mias, EVERYONE_DEFAULT & ~SEND), (olgas, ALL_PERMISSIONS)):
            updated = await socket.expect(ChannelUpdated, lambda event: event.channel.id == ground.text_id)
            assert (updated.channel.name, updated.channel.my_permissions) == ("lobby", bits)


async def test_ones_own_bits_in_the_guild_are_told(owner: Person, member: Person, ground: Ground) -> None:
    role_id = await ground.role(0, member)
    async with watching(member) as (socket, _):
        body = {"permissions": int(Permission.MANAGE_GUILD)}
        await owner.ask("PATCH", f"{ground.url}/roles/{role_id}", body)
        assert (await socket.expect(RoleUpdated)).role.permissions == Permission.MANAGE_GUILD
        updated = await socket.expect(GuildUpdated)
        assert updated.my_permissions == EVERYONE_DEFAULT | Permission.MANAGE_GUILD


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """For whom a guild was looked up after a change, question by question."""
    asked: list[set[str]] = []
    look_up = view.guild_of_members

    async def noted(conn: Connection, guild_id: str, user_ids: Sequence[str]) -> dict[str, view.Sight]:
        asked.append(set(user_ids))
        return await look_up(conn, guild_id, user_ids)

    monkeypatch.setattr(view, "guild_of_members", noted)
    return asked


async def test_a_change_of_a_role_is_looked_up_once_for_all(
    owner: Person,
    member: Person,
    ground: Ground,
    looked_up: list[set[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def one_by_one(*_: object) -> list[Guild]:
        raise AssertionError("looked up for one alone")

    async with watching(member) as (mias, _), watching(member) as (_, _), watching(owner):
        monkeypatch.setattr(view, "guilds", one_by_one)
        body = {"permissions": int(EVERYONE_DEFAULT & ~SEND)}
        await owner.ask("PATCH", f"{ground.url}/roles/{ground.everyone_id}", body)
        updated = await mias.expect(GuildUpdated)
        assert updated.my_permissions == EVERYONE_DEFAULT & ~SEND
        channels = [await mias.expect(ChannelUpdated) for _ in range(2)]
        assert {update.channel.my_permissions for update in channels} == {EVERYONE_DEFAULT & ~SEND}
    assert looked_up == [{owner.user_id, member.user_id}]


async def test_more_than_so_many_are_looked_up_in_parts(
    owner: Person,
    member: Person,
    outsider: Person,
    ground: Ground,
    looked_up: list[set[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What hundreds see of a hundred channels takes half a second to write down, and the database waits."""
    monkeypatch.setattr(visibility, "_TOGETHER", 1)
    await ground.admit(outsider)
    async with watching(member) as (mias, _), watching(outsider) as (ottos, _):
        body = {"permissions": int(EVERYONE_DEFAULT & ~SEND)}
        await owner.ask("PATCH", f"{ground.url}/roles/{ground.everyone_id}", body)
        await mias.expect(GuildUpdated)
        await ottos.expect(GuildUpdated)
    assert sorted(looked_up, key=sorted) == sorted([{member.user_id}, {outsider.user_id}], key=sorted)


async def test_all_are_shown_of_a_guild_what_each_is_shown_alone(
    owner: Person, member: Person, outsider: Person, ground: Ground, db: Database
) -> None:
    role_id = await ground.role(0, member)
    hidden = await ground.private_channel()
    category = await owner.ask("POST", f"{ground.url}/categories", {"name": "Staff"}, status=201)
    await owner.ask("PATCH", f"/api/channels/{hidden}", {"category_id": category["id"]})
    hide = f"{ground.url}/categories/{category['id']}/overrides/{ground.everyone_id}"
    await owner.ask("PUT", hide, {"deny": VIEW})
    await ground.private_channel(role_id)
    await owner.post(ground.text_id)
    people = [owner.user_id, member.user_id, outsider.user_id]
    together = await db.run(view.guild_of_members, ground.id, people)
    assert together.keys() == {owner.user_id, member.user_id}
    for user_id, sight in together.items():
        assert [sight.guild] == await db.run(view.guilds, user_id, [ground.id])
        assert sight.channels == await db.run(view.channels, user_id, [ground.id])
        assert sight.categories == await db.run(view.categories, user_id, [ground.id], sight.channels)
    assert len(together[owner.user_id].channels) > len(together[member.user_id].channels)
    assert len(together[owner.user_id].categories) > len(together[member.user_id].categories)


async def test_a_timeout_is_told_with_what_it_leaves(owner: Person, member: Person, ground: Ground) -> None:
    until_then = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    async with watching(member) as (socket, _):
        await owner.ask("POST", f"{ground.url}/members/{member.user_id}/timeout", {"until": until_then})
        assert (await socket.expect(MemberUpdated)).member.timed_out_until is not None
        updated = await socket.expect(ChannelUpdated)
        assert updated.channel.my_permissions == Permission.VIEW_CHANNEL | Permission.READ_HISTORY


async def test_a_newcomer_gets_the_guild_and_the_others_hear_of_them(
    owner: Person, outsider: Person, ground: Ground
) -> None:
    secret = await ground.private_channel()
    async with watching(outsider) as (ottos, ready), watching(owner) as (olgas, _):
        assert ready.guilds == []
        await ground.admit(outsider)
        joined = await olgas.expect(MemberJoined)
        assert joined.member.user.id == outsider.user_id
        created = await ottos.expect(GuildCreated)
        assert created.guild.guild.id == ground.id
        assert secret not in {channel.id for channel in created.guild.channels}
        await owner.post(ground.text_id, "welcome")
        assert (await ottos.expect(MessageNew)).message.content == "welcome"


async def test_a_founded_guild_appears_on_every_device(owner: Person) -> None:
    async with watching(owner) as (one, _), watching(owner) as (two, _):
        ground = await owner.found()
        for socket in (one, two):
            assert (await socket.expect(GuildCreated)).guild.guild.id == ground.id


async def test_a_kicked_member_is_cut_off(owner: Person, member: Person, ground: Ground) -> None:
    async with watching(member) as (mias, _), watching(owner) as (olgas, _):
        await owner.ask("DELETE", f"{ground.url}/members/{member.user_id}", status=204)
        deleted = await mias.expect(GuildDeleted)
        assert (deleted.guild_id, deleted.reason) == (ground.id, "kicked")
        assert (await olgas.expect(MemberLeft)).user_id == member.user_id
        await owner.post(ground.text_id, "gone")
        await member.found("Own")
        seen = await until(mias, lambda event: isinstance(event, GuildCreated))
        assert "message_new" not in kinds(seen)


async def test_a_dissolved_guild_is_gone_for_all(owner: Person, member: Person, ground: Ground) -> None:
    async with watching(member) as (mias, _), watching(owner) as (olgas, _):
        await owner.ask("DELETE", ground.url, status=204)
        for socket in (mias, olgas):
            assert (await socket.expect(GuildDeleted)).reason == "deleted"


async def test_categories_come_change_and_go(owner: Person, member: Person, ground: Ground) -> None:
    async with watching(member) as (socket, _):
        category = await owner.ask("POST", f"{ground.url}/categories", {"name": "group"}, status=201)
        assert (await socket.expect(CategoryCreated)).category.name == "group"
        inside = await ground.channel("inside", category_id=category["id"])
        assert (await socket.expect(ChannelCreated)).channel.category_id == category["id"]
        await owner.ask("PATCH", f"{ground.url}/categories/{category['id']}", {"name": "renamed"})
        assert (await socket.expect(CategoryUpdated)).category.name == "renamed"
        await owner.ask("DELETE", f"{ground.url}/categories/{category['id']}", status=204)
        updated = await socket.expect(ChannelUpdated)
        assert (updated.channel.id, updated.channel.category_id) == (inside, None)
        assert (await socket.expect(CategoryDeleted)).category_id == category["id"]


async def test_many_changes_at_once_end_in_what_is_true(
    owner: Person, member: Person, ground: Ground
) -> None:
    channel_ids = [await ground.channel(f"c{number}") for number in range(6)]
    async with watching(member) as (socket, ready):
        shown = {channel.id for channel in ready.guilds[0].channels}
        async with trio.open_nursery() as nursery:
            for number, channel_id in enumerate(channel_ids):
                if number % 2:
                    nursery.start_soon(owner.send, "DELETE", f"/api/channels/{channel_id}")
                else:
                    nursery.start_soon(ground.override, channel_id, ground.everyone_id)
                body = {"guild_id": ground.id, "name": f"n{number}"}
                nursery.start_soon(owner.send, "POST", "/api/channels", body)
        for event in await everything_so_far(socket, ground):
            if isinstance(event, ChannelCreated):
                shown.add(event.channel.id)
            elif isinstance(event, ChannelDeleted):
                shown.discard(event.channel_id)
        listed = (await member.ask("GET", f"{ground.url}/channels"))["items"]
        assert shown == {channel["id"] for channel in listed}


async def test_a_hidden_channel_cannot_be_subscribed_to(member: Person, ground: Ground) -> None:
    secret = await ground.private_channel()
    async with watching(member) as (socket, _):
        for channel_id in (secret, new_id()):
            await socket.send(Subscribe(channel_id=channel_id, ref=channel_id))
            refusal = await socket.expect(Error)
            assert (refusal.code, refusal.ref) == ("NOT_FOUND", channel_id)
        await socket.send(Subscribe(channel_id=ground.text_id))
        assert (await socket.expect(Subscribed)).channel_id == ground.text_id


async def test_a_changed_password_closes_the_other_sockets(town: Town, owner: Person) -> None:
    other = town.stranger()
    credentials = {"username": owner.username, "password": PASSWORD}
    other.take(await other.ask("POST", "/auth/login", credentials))
    async with watching(other) as (theirs, _), watching(owner) as (mine, _):
        change = {"current_password": PASSWORD, "new_password": "another password"}
        await owner.ask("POST", "/auth/me/password", change)
        assert await theirs.close_code(within_s=2) == CloseCode.SESSION_REVOKED
        await owner.found()
        await mine.expect(GuildCreated)
