"""Roles: below one's own rank, with one's own bits, and ranked without gaps."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from tests.features.town import Ground, Person, Town
from voicechat.features.roles import rules
from voicechat.protocol.news import AccessChanged
from voicechat.protocol.permissions import ALL_PERMISSIONS, EVERYONE_DEFAULT, Permission
from voicechat.protocol.roles import RoleCreated, RoleDeleted, RoleUpdated

KEEPER = int(Permission.MANAGE_ROLES | Permission.KICK_MEMBERS)
SPEAK = int(Permission.SEND_MESSAGES)


@pytest.fixture
async def keeper(town: Town, ground: Ground) -> Person:
    """Somebody with MANAGE_ROLES and KICK_MEMBERS, above the role `low`, below the role `high`."""
    keeper = await town.sign_up("karl")
    await ground.admit(keeper)
    await ground.role(int(ALL_PERMISSIONS), name="high")
    await ground.role(KEEPER, keeper, name="keeper")
    await ground.role(0, name="low")
    return keeper


async def ids(ground: Ground) -> dict[str, str]:
    listed = (await ground.owner.ask("GET", f"{ground.url}/roles"))["items"]
    return {role["name"]: role["id"] for role in listed}


async def ranks(ground: Ground) -> list[tuple[str, int]]:
    listed = (await ground.owner.ask("GET", f"{ground.url}/roles"))["items"]
    return [(role["name"], role["position"]) for role in listed]


async def test_a_role_starts_just_above_everyone(town: Town, owner: Person, ground: Ground) -> None:
    await ground.role(name="first")
    role = await owner.ask(
        "POST",
        f"{ground.url}/roles",
        {"name": "second", "color": "#ff8800", "permissions": SPEAK},
        status=201,
    )
    assert (role["name"], role["color"], role["permissions"], role["position"]) == (
        "second",
        "#ff8800",
        SPEAK,
        1,
    )
    assert await ranks(ground) == [("first", 2), ("second", 1), ("everyone", 0)]
    assert [event.role.name for event in town.heard(RoleCreated, f"guild:{ground.id}")] == ["first", "second"]
    assert [event.role.position for event in town.heard(RoleUpdated, f"guild:{ground.id}")] == [2]


async def test_editing_a_role_is_told_and_bites_at_once(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    role_id = await ground.role(0, member)
    role = await owner.ask(
        "PATCH", f"{ground.url}/roles/{role_id}", {"name": "mods", "permissions": KEEPER, "color": "#000000"}
    )
    assert (role["name"], role["permissions"], role["color"]) == ("mods", KEEPER, "#000000")
    assert (await member.ask("GET", ground.url))["my_permissions"] == KEEPER | EVERYONE_DEFAULT
    assert town.heard(RoleUpdated, f"guild:{ground.id}")[-1].role.name == "mods"
    assert town.heard(AccessChanged)[-1] == AccessChanged(guild_id=ground.id)


async def test_deleting_a_role_takes_it_from_its_holders(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    await ground.role(name="upper")
    role_id = await ground.role(KEEPER, member, name="gone")
    await owner.ask("DELETE", f"{ground.url}/roles/{role_id}", status=204)
    assert (await member.ask("GET", ground.url))["my_permissions"] == EVERYONE_DEFAULT
    assert await ranks(ground) == [("upper", 1), ("everyone", 0)]
    [event] = town.heard(RoleDeleted, f"guild:{ground.id}")
    assert (event.guild_id, event.role_id) == (ground.id, role_id)
    assert await owner.refused("DELETE", f"{ground.url}/roles/{role_id}") == (404, "NOT_FOUND")


async def test_roles_are_ranked_without_gaps(town: Town, owner: Person, ground: Ground) -> None:
    for name in ("a", "b", "c", "d"):
        await ground.role(name=name)
    named = await ids(ground)
    moved = await owner.ask("PATCH", f"{ground.url}/roles/{named['d']}", {"position": 3})
    assert moved["position"] == 3
    assert await ranks(ground) == [("a", 4), ("d", 3), ("b", 2), ("c", 1), ("everyone", 0)]
    await owner.ask("PATCH", f"{ground.url}/roles/{named['d']}", {"position": 1000})
    assert await ranks(ground) == [("d", 4), ("a", 3), ("b", 2), ("c", 1), ("everyone", 0)]


@given(st.permutations(["a", "b", "c", "d"]), st.integers(1, 9))
def test_a_moved_role_stands_where_it_was_put(order: list[str], position: int) -> None:
    after = rules.moved(order, "b", position)
    assert after.index("b") == min(position, 4) - 1
    assert [role for role in after if role != "b"] == [role for role in order if role != "b"]


async def test_roles_made_at_once_all_get_their_place(owner: Person, ground: Ground) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(10):
            body = {"name": f"role {number}"}
            nursery.start_soon(owner.send, "POST", f"{ground.url}/roles", body)
    assert [position for _, position in await ranks(ground)] == list(range(10, -1, -1))


async def test_a_keeper_keeps_the_roles_below(keeper: Person, ground: Ground) -> None:
    low = (await ids(ground))["low"]
    url = f"{ground.url}/roles"
    await keeper.ask("POST", url, {"name": "made", "permissions": KEEPER}, status=201)
    await keeper.ask("PATCH", f"{url}/{low}", {"name": "renamed", "permissions": KEEPER, "position": 2})
    await keeper.ask("DELETE", f"{url}/{low}", status=204)


@pytest.mark.parametrize(
    ("method", "role", "body", "code"),
    [
        ("POST", None, {"name": "x", "permissions": int(Permission.BAN_MEMBERS)}, "CANNOT_ESCALATE"),
        ("POST", None, {"name": "x", "permissions": int(ALL_PERMISSIONS)}, "CANNOT_ESCALATE"),
        ("PATCH", "low", {"permissions": int(Permission.MANAGE_GUILD)}, "CANNOT_ESCALATE"),
        ("PATCH", "low", {"position": 3}, "ROLE_HIERARCHY"),
        ("PATCH", "low", {"position": 2}, "ROLE_HIERARCHY"),
        ("PATCH", "keeper", {"name": "mine"}, "ROLE_HIERARCHY"),
        ("PATCH", "keeper", {"permissions": int(ALL_PERMISSIONS)}, "ROLE_HIERARCHY"),
        ("PATCH", "high", {"permissions": 0}, "ROLE_HIERARCHY"),
        ("DELETE", "keeper", None, "ROLE_HIERARCHY"),
        ("DELETE", "high", None, "ROLE_HIERARCHY"),
        ("PATCH", "everyone", {"permissions": int(ALL_PERMISSIONS)}, "CANNOT_ESCALATE"),
    ],
)
async def test_a_keeper_cannot_rise(
    keeper: Person, ground: Ground, method: str, role: str | None, body: Any, code: str
) -> None:
    before = await keeper.ask("GET", f"{ground.url}/roles")
    path = f"{ground.url}/roles" + (f"/{(await ids(ground))[role]}" if role else "")
    assert await keeper.refused(method, path, body) == (403, code)
    assert await keeper.ask("GET", f"{ground.url}/roles") == before


async def test_a_keeper_cannot_take_bits_they_lack_from_a_role(keeper: Person, ground: Ground) -> None:
    low = (await ids(ground))["low"]
    await ground.owner.ask(
        "PATCH", f"{ground.url}/roles/{low}", {"permissions": int(Permission.MANAGE_GUILD)}
    )
    refusal = await keeper.refused("PATCH", f"{ground.url}/roles/{low}", {"permissions": 0})
    assert refusal == (403, "CANNOT_ESCALATE")


async def test_bits_from_everyone_alone_do_not_lift_above_everyone(member: Person, ground: Ground) -> None:
    every = f"{ground.url}/roles/{ground.everyone_id}"
    await ground.owner.ask("PATCH", every, {"permissions": KEEPER})
    for method, path, body in (
        ("POST", f"{ground.url}/roles", {"name": "x"}),
        ("PATCH", every, {"permissions": 0}),
    ):
        assert await member.refused(method, path, body) == (403, "ROLE_HIERARCHY")


@pytest.mark.parametrize("permissions", [1 << 34, 1 << 63, -1, 2**53, 2.0**53, 1.5, "1"])
async def test_bits_nobody_knows_are_refused(owner: Person, ground: Ground, permissions: Any) -> None:
    low = await ground.role()
    for method, path in (("POST", "/roles"), ("PATCH", f"/roles/{low}")):
        body = {"name": "x", "permissions": permissions}
        assert (await owner.refused(method, ground.url + path, body))[0] == 400


@pytest.mark.parametrize("body", [{"name": "other"}, {"position": 1}, {"color": "#ffffff"}])
async def test_everyone_keeps_name_colour_and_rank(owner: Person, ground: Ground, body: Any) -> None:
    path = f"{ground.url}/roles/{ground.everyone_id}"
    assert await owner.refused("PATCH", path, body) == (400, "DEFAULT_ROLE")
    assert await owner.refused("DELETE", path) == (400, "DEFAULT_ROLE")


async def test_everyones_bits_can_be_changed(owner: Person, member: Person, ground: Ground) -> None:
    await owner.ask("PATCH", f"{ground.url}/roles/{ground.everyone_id}", {"permissions": SPEAK})
    assert (await member.ask("GET", ground.url))["my_permissions"] == SPEAK


async def test_another_guilds_roles_are_not_there(town: Town, owner: Person, ground: Ground) -> None:
    other = await (await town.sign_up("other")).found()
    foreign = await other.role()
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        assert await owner.refused(method, f"{ground.url}/roles/{foreign}", body) == (404, "NOT_FOUND")
