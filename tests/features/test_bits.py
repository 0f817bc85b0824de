"""Every bit guards something: without it 403 naming the bit, with it the act is done.

And strangers find nothing. What must be refused is tried in one scene, which it must leave as it was.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.features.town import ROUTES, Ground, Person, Town
from tests.support.site import body_of
from voicechat.ids import new_id
from voicechat.protocol.permissions import ALL_PERMISSIONS, EVERYONE_DEFAULT, Permission
from voicechat.web import Route


class Scene(NamedTuple):
    """A guild with a member who has no bits but VIEW_CHANNEL, and all that a route could be about."""

    ground: Ground
    actor: Person
    target: Person
    names: dict[str, str]


@pytest.fixture
async def scene(town: Town, owner: Person, ground: Ground) -> Scene:
    actor, target, banned, newcomer = await town.people("actor", "target", "banned", "newcomer")
    await ground.admit(actor, target, banned)
    await owner.ask("POST", f"{ground.url}/bans/{banned.user_id}", status=204)
    message = await target.post(ground.text_id, "theirs")
    category = await owner.ask("POST", f"{ground.url}/categories", {"name": "group"}, status=201)
    low = await ground.role(name="low")
    await ground.override(ground.text_id, low, deny=int(Permission.ATTACH_FILES))
    await owner.ask("PUT", f"{ground.url}/categories/{category['id']}/overrides/{low}", {})
    await ground.role(0, actor, name="rank")
    names = {
        "guild_id": ground.id,
        "channel_id": ground.text_id,
        "category_id": category["id"],
        "role_id": low,
        "target_id": low,
        "user_id": target.user_id,
        "banned_id": banned.user_id,
        "newcomer_id": newcomer.user_id,
        "voice_id": ground.voice_id,
        "message_id": message["id"],
        "code": await ground.invite(),
    }
    return Scene(ground, actor, target, names)


class Act(NamedTuple):
    """A request that one bit opens; names in braces are the scene's."""

    permission: Permission
    method: str
    path: str
    body: Any = None


P = Permission
GUILD, MEMBER = "/api/guilds/{guild_id}", "/api/guilds/{guild_id}/members/{user_id}"
CHANNEL, CATEGORY = "/api/channels/{channel_id}", "/api/guilds/{guild_id}/categories/{category_id}"

ACTS = [
    Act(P.MANAGE_GUILD, "PATCH", GUILD, {"name": "Renamed"}),
    Act(P.MANAGE_GUILD, "PATCH", GUILD, {"afk_channel_id": "{voice_id}", "afk_timeout_s": 60}),
    Act(P.MANAGE_GUILD, "PATCH", MEMBER, {"nickname": "Nick"}),
    Act(P.TRANSFER_OWNERSHIP, "POST", f"{GUILD}/transfer", {"user_id": "{user_id}"}),
    Act(P.MANAGE_ROLES, "POST", f"{GUILD}/roles", {"name": "new"}),
    Act(P.MANAGE_ROLES, "PATCH", f"{GUILD}/roles/{{role_id}}", {"name": "renamed"}),
    Act(P.MANAGE_ROLES, "DELETE", f"{GUILD}/roles/{{role_id}}"),
    Act(P.MANAGE_ROLES, "POST", f"{MEMBER}/roles/{{role_id}}"),
    Act(P.MANAGE_ROLES, "DELETE", f"{MEMBER}/roles/{{role_id}}"),
    Act(P.MANAGE_ROLES, "GET", f"{CHANNEL}/overrides"),
    Act(P.MANAGE_ROLES, "PUT", f"{CHANNEL}/overrides/{{user_id}}", {"target_type": "member"}),
    Act(P.MANAGE_ROLES, "GET", f"{CATEGORY}/overrides"),
    Act(P.MANAGE_ROLES, "PUT", f"{CATEGORY}/overrides/{{target_id}}", {}),
    Act(P.MANAGE_ROLES, "DELETE", f"{CATEGORY}/overrides/{{target_id}}"),
    Act(P.VOICE_MUTE_OTHERS, "PATCH", MEMBER, {"muted": True}),
    Act(P.VOICE_DEAFEN_OTHERS, "PATCH", MEMBER, {"deafened": True}),
    Act(P.VOICE_MOVE_MEMBERS, "PATCH", MEMBER, {"channel_id": None}),
    Act(P.VOICE_MOVE_MEMBERS, "PATCH", MEMBER, {"channel_id": "{voice_id}"}),
    Act(P.KICK_MEMBERS, "DELETE", MEMBER),
    Act(P.TIMEOUT_MEMBERS, "POST", f"{MEMBER}/timeout", {"until": "SOON"}),
    Act(P.TIMEOUT_MEMBERS, "DELETE", f"{MEMBER}/timeout"),
    Act(P.BAN_MEMBERS, "GET", f"{GUILD}/bans"),
    Act(P.BAN_MEMBERS, "POST", f"{GUILD}/bans/{{user_id}}"),
    Act(P.BAN_MEMBERS, "POST", f"{GUILD}/bans/{{newcomer_id}}"),
    Act(P.BAN_MEMBERS, "DELETE", f"{GUILD}/bans/{{banned_id}}"),
    Act(P.MANAGE_CHANNELS, "POST", "/api/channels", {"guild_id": "{guild_id}", "name": "new"}),
    Act(P.MANAGE_CHANNELS, "PATCH", CHANNEL, {"name": "renamed"}),
    Act(P.MANAGE_CHANNELS, "DELETE", CHANNEL),
    Act(
        P.MANAGE_CHANNELS,
        "POST",
        f"{GUILD}/channels/reorder",
        {"channels": [{"id": "{channel_id}", "position": 5}]},
    ),
    Act(P.MANAGE_CHANNELS, "POST", f"{GUILD}/categories", {"name": "new"}),
    Act(P.MANAGE_CHANNELS, "PATCH", CATEGORY, {"name": "renamed"}),
    Act(P.MANAGE_CHANNELS, "DELETE", CATEGORY),
    Act(P.CREATE_INVITE, "POST", f"{GUILD}/invites", {}),
    Act(P.CREATE_INVITE, "POST", f"{GUILD}/invites", {"channel_id": "{channel_id}"}),
    Act(P.MANAGE_INVITES, "GET", f"{GUILD}/invites"),
    Act(P.MANAGE_INVITES, "DELETE", f"{GUILD}/invites/{{code}}"),
    Act(P.SEND_MESSAGES, "POST", "/api/messages/channel/{channel_id}", {"content": "hello"}),
    Act(P.READ_HISTORY, "GET", "/api/messages/channel/{channel_id}"),
    Act(P.MANAGE_MESSAGES, "DELETE", "/api/messages/{message_id}"),
]


def filled(value: Any, names: dict[str, str]) -> Any:
    """Put the scene's names into a path or body."""
    if isinstance(value, dict):
        return {key: filled(entry, names) for key, entry in value.items()}
    if isinstance(value, list):
        return [filled(entry, names) for entry in value]
    if value == "SOON":
        return soon()
    return value.format(**names) if isinstance(value, str) else value


def soon() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def allow(scene: Scene, bits: int) -> None:
    """Let the actor's role have exactly these bits besides VIEW_CHANNEL, and @everyone none but that."""
    view = int(Permission.VIEW_CHANNEL)
    url, owner = f"{scene.ground.url}/roles", scene.ground.owner
    listed = (await owner.ask("GET", url))["items"]
    [rank] = [role["id"] for role in listed if role["name"] == "rank"]
    await owner.ask("PATCH", f"{url}/{rank}", {"permissions": bits, "position": 2})
    await owner.ask(
        "PATCH", f"{url}/{scene.ground.everyone_id}", {"permissions": view | int(P.VOICE_CONNECT)}
    )


def named(act: Act) -> str:
    return f"{act.permission.name} {act.method} {act.path} {act.body or ''}"


async def answer(scene: Scene, person: Person, act: Act) -> tuple[int, Any, Any]:
    """Let somebody try an act; return status, code and details."""
    path, body = filled(act.path, scene.names), filled(act.body, scene.names)
    response = await person.send(act.method, path, body)
    refusal = body_of(response) if response.status_code >= 400 else {}
    return response.status_code, refusal.get("error"), refusal.get("details")


@pytest.mark.parametrize("act", ACTS, ids=named)
async def test_the_bit_alone_opens_it(scene: Scene, act: Act) -> None:
    await allow(scene, int(act.permission))
    status, code, details = await answer(scene, scene.actor, act)
    assert status < 300, (code, details)


async def test_all_other_bits_together_do_not_open_it(scene: Scene) -> None:
    answers = {}
    for act in ACTS:
        await allow(scene, int(ALL_PERMISSIONS) & ~act.permission)
        answers[named(act)] = await answer(scene, scene.actor, act)
    assert answers == {
        named(act): (403, "MISSING_PERMISSION", {"permission": act.permission.name}) for act in ACTS
    }


async def test_a_timed_out_member_only_looks_and_reads(scene: Scene) -> None:
    await allow(scene, int(ALL_PERMISSIONS))
    url = f"{scene.ground.url}/members/{scene.actor.user_id}/timeout"
    await scene.ground.owner.ask("POST", url, {"until": soon()})
    answers = {named(act): (await answer(scene, scene.actor, act))[:2] for act in ACTS}
    refused = (403, "MISSING_PERMISSION")
    assert answers == {
        named(act): (200, None) if act.permission is P.READ_HISTORY else refused for act in ACTS
    }


async def test_a_plain_member_may_do_what_everyone_may_and_no_more(scene: Scene) -> None:
    answers = {named(act): (await answer(scene, scene.actor, act))[0] < 300 for act in ACTS}
    assert answers == {named(act): bool(act.permission & EVERYONE_DEFAULT) for act in ACTS}


async def test_a_hidden_channel_is_as_if_it_never_was(scene: Scene) -> None:
    await allow(scene, int(ALL_PERMISSIONS))
    hidden = {"deny": int(P.VIEW_CHANNEL), "target_type": "member"}
    await scene.ground.override(scene.ground.text_id, scene.actor.user_id, **hidden)
    never = {**scene.names, "channel_id": new_id(), "message_id": new_id()}
    for act in ACTS:
        if "{channel_id}" not in act.path and "{message_id}" not in act.path:
            continue
        answers = [
            await scene.actor.send(act.method, filled(act.path, names), filled(act.body, names))
            for names in (scene.names, never)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], named(act)
        assert answers[0].content == answers[1].content, named(act)


# --- strangers


def about_a_guild(route: Route) -> bool:
    """Tell whether a route is about something in a guild."""
    return any(mark in route.path for mark in ("{guild_id}", "{channel_id}", "{message_id}"))


BODIES: dict[str, Any] = {
    "/api/guilds/{guild_id}/transfer": {"user_id": "{user_id}"},
    "/api/guilds/{guild_id}/members/{user_id}/timeout": {"until": "SOON"},
    "/api/guilds/{guild_id}/channels/reorder": {"channels": [{"id": "{channel_id}", "position": 1}]},
    "/api/guilds/{guild_id}/categories": {"name": "new"},
    "/api/guilds/{guild_id}/roles": {"name": "new"},
    "/api/messages/channel/{channel_id}": {"content": "hello"},
    "/api/messages/{message_id}": {"content": "hello"},
}


def good_body(route: Route, names: dict[str, str]) -> Any:
    """Return a body that the route would accept."""
    return filled(BODIES.get(route.path, {}), names) if route.body is not None else None


async def state(scene: Scene) -> list[Any]:
    """Return all that the owner sees, and how much was told."""
    owner, url = scene.ground.owner, scene.ground.url
    paths = ["", "/members", "/roles", "/channels", "/categories", "/bans", "/invites"]
    seen = [await owner.ask("GET", url + path) for path in paths]
    messages = await owner.ask("GET", f"/api/messages/channel/{scene.ground.text_id}")
    return [*seen, messages, len(owner.town.told)]


async def test_to_an_outsider_nothing_of_a_guild_is_there(scene: Scene, outsider: Person) -> None:
    before = await state(scene)
    never = {name: new_id() for name in scene.names}
    routes = [route for route in ROUTES if about_a_guild(route)]
    assert len(routes) > 35
    for route in routes:
        body = good_body(route, scene.names)
        answers = [
            await outsider.send(route.method, filled(route.path, names), body)
            for names in (scene.names, never)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], route
        assert answers[0].content == answers[1].content, route
    assert await state(scene) == before


async def test_what_is_in_one_guild_is_not_in_another(scene: Scene, outsider: Person) -> None:
    """The guild in the path is the outsider's own, what stands behind it another's."""
    own = await outsider.found("Own")
    await own.admit(scene.target)
    before = await state(scene)
    for route in ROUTES:
        inner = set(route.parameters) - {"guild_id", "user_id"}
        if not about_a_guild(route) or not inner:
            continue
        path = filled(route.path, {**scene.names, "guild_id": own.id})
        body = good_body(route, scene.names)
        assert await outsider.refused(route.method, path, body) == (404, "NOT_FOUND"), route
    reorder = {"channels": [{"id": scene.ground.text_id, "position": 1}]}
    assert (await outsider.refused("POST", f"{own.url}/channels/reorder", reorder))[0] == 404
    assert await state(scene) == before


async def test_without_a_token_nothing_opens(scene: Scene, town: Town) -> None:
    names = {**scene.names, "session_id": new_id()}
    for route in ROUTES:
        if route.auth == "caller":
            path, body = filled(route.path, names), good_body(route, names)
            assert await town.stranger().refused(route.method, path, body) == (401, "MISSING_AUTH"), route


async def test_unknown_fields_are_refused_everywhere(scene: Scene) -> None:
    names = {**scene.names, "session_id": new_id()}
    owner, before = scene.ground.owner, await state(scene)
    for route in ROUTES:
        if route.body is not None:
            body = {**good_body(route, names), "surprise": True}
            assert (await owner.refused(route.method, filled(route.path, names), body))[0] == 400, route
    assert await state(scene) == before
