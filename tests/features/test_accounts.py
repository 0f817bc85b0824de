"""Registering, logging in, the own profile: what a client sees, and what it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.features.town import PASSWORD, Ground, Person, Town, open_town, town_settings
from tests.support.site import body_of
from voicechat.bus import Bus
from voicechat.features import accounts
from voicechat.features.accounts import rules
from voicechat.features.accounts.passwords import Passwords
from voicechat.protocol.accounts import ChangePassword, Login, Refresh, Register, UserUpdated
from voicechat.protocol.guilds import MemberJoined
from voicechat.settings import AuthSettings, LimitSettings, ServerSettings
from voicechat.storage import Connection, Database


async def test_registering_logs_in_at_once(town: Town) -> None:
    ann = await town.sign_up("ann", email="ann@example.org", display_name="Ann B.")
    me = await ann.ask("GET", "/auth/me")
    assert (me["id"], me["username"], me["email"]) == (ann.user_id, ann.username, "ann@example.org")
    assert me["display_name"] == "Ann B."
    assert set(ann.tokens) == {"user_id", "access_token", "refresh_token", "token_type", "expires_in"}
    assert (ann.tokens["token_type"], ann.tokens["expires_in"]) == ("Bearer", 900)


async def test_the_first_account_is_admin_and_no_other(town: Town) -> None:
    first, second = await town.people("first", "second")
    assert (await first.ask("GET", "/auth/me"))["is_admin"] is True
    assert (await second.ask("GET", "/auth/me"))["is_admin"] is False


async def test_twenty_first_registrations_make_one_admin(town: Town) -> None:
    async def register(number: int) -> None:
        people[number] = await town.sign_up("racer")

    people: dict[int, Person] = {}
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(register, number)
    assert sum([(await person.ask("GET", "/auth/me"))["is_admin"] for person in people.values()]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ann"},
        {"username": "ab", "password": PASSWORD},
        {"username": "Ann", "password": PASSWORD},
        {"username": "ann\n", "password": PASSWORD},
        {"username": "ann", "password": "1234567"},
        {"username": "ann", "password": "x" * 129},
        {"username": "ann", "password": PASSWORD, "email": "no address"},
        {"username": "ann", "password": PASSWORD, "display_name": "\u202eevil"},
        {"username": "ann", "password": PASSWORD, "display_name": "   "},
        {"username": "ann", "password": PASSWORD, "is_admin": True},
    ],
)
async def test_a_bad_registration_is_refused(town: Town, body: dict[str, Any]) -> None:
    assert (await town.stranger().refused("POST", "/auth/register", body))[0] == 400


@pytest.mark.parametrize("name", ["admin", "adm1n", "r00t", "_system_", "everyone", "voicechat", "m0derator"])
async def test_names_that_speak_for_the_server_are_reserved(town: Town, name: str) -> None:
    refusal = await town.stranger().refused(
        "POST", "/auth/register", {"username": name, "password": PASSWORD}
    )
    assert refusal == (400, "USERNAME_RESERVED")


async def test_the_username_is_no_password(town: Town) -> None:
    body = {"username": "longenough", "password": "LongEnough"}
    assert await town.stranger().refused("POST", "/auth/register", body) == (400, "WEAK_PASSWORD")


async def test_a_taken_name_and_a_taken_address_are_not_told_apart(town: Town) -> None:
    ann = await town.sign_up("ann", email="ann@example.org")
    answers = [
        await town.stranger().send("POST", "/auth/register", {"password": PASSWORD, **body})
        for body in ({"username": ann.username}, {"username": "other", "email": "ANN@example.org"})
    ]
    assert {answer.status_code for answer in answers} == {409}
    assert answers[0].content == answers[1].content


async def test_an_unknown_name_and_a_wrong_password_are_answered_alike(town: Town) -> None:
    ann = await town.sign_up("ann")
    answers = [
        await town.stranger().send("POST", "/auth/login", {"username": name, "password": "wrong one"})
        for name in (ann.username, "nobody", "x" * 64, "")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


async def test_an_unknown_name_costs_the_same_work(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[str] = []
    monkeypatch.setattr(Passwords, "_matches", lambda self, stored, password: work.append(stored[:20]))
    ann = await town.sign_up("ann")
    for name in (ann.username, "nobody"):
        await town.stranger().refused("POST", "/auth/login", {"username": name, "password": PASSWORD})
    assert len(work) == 2
    assert work[0] == work[1]


async def test_logging_in_opens_another_session(town: Town) -> None:
    ann = await town.sign_up("ann")
    again = town.stranger()
    body = {"username": ann.username.upper(), "password": PASSWORD}
    again.take(await again.ask("POST", "/auth/login", body))
    assert again.user_id == ann.user_id
    sessions = (await ann.ask("GET", "/auth/sessions"))["sessions"]
    assert [session["current"] for session in sessions].count(True) == 1
    assert len(sessions) == 2


async def test_old_hashes_are_renewed_at_the_next_log_in(town: Town) -> None:
    ann = await town.sign_up("ann")
    older = await Passwords(AuthSettings(argon2_memory_kib=2048)).hash(PASSWORD)

    async def replace(conn: Connection) -> None:
        await conn.execute("UPDATE users SET password_hash = $1", older)

    async def stored(conn: Connection) -> str:
        return str(await conn.fetchval("SELECT password_hash FROM users"))

    await town.house.db.run(replace)
    await ann.ask("POST", "/auth/login", {"username": ann.username, "password": PASSWORD})
    assert "m=1024," in await town.house.db.run(stored)
    await ann.ask("POST", "/auth/login", {"username": ann.username, "password": PASSWORD})


async def test_passwords_are_compared_by_what_they_look_like(town: Town) -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    stranger = town.stranger()
    await stranger.ask("POST", "/auth/register", {"username": "ann", "password": composed}, status=201)
    await stranger.ask("POST", "/auth/login", {"username": "ann", "password": decomposed})


async def test_guessing_is_slowed_down_per_account(db: Database, bus: Bus, tmp_path: Path) -> None:
    settings = town_settings(tmp_path, limits=LimitSettings())
    async with open_town(settings, db, bus) as town:
        ann = await town.sign_up("ann")
        body = {"username": ann.username, "password": "wrong one"}
        answers = [(await town.stranger().send("POST", "/auth/login", body)) for _ in range(12)]
        assert answers[0].status_code == 401
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["Retry-After"]) >= 1
        other = {"username": "somebody", "password": "wrong one"}
        assert (await town.stranger().refused("POST", "/auth/login", other))[0] == 401


async def test_editing_the_profile_is_told_to_those_who_share_a_guild(
    town: Town, owner: Person, ground: Ground
) -> None:
    me = await owner.ask("PATCH", "/auth/me", {"display_name": "  New Name ", "email": "new@example.org"})
    assert (me["display_name"], me["email"]) == ("New Name", "new@example.org")
    [event] = town.heard(UserUpdated, f"guild:{ground.id}")
    assert event.user.display_name == "New Name"
    assert len(town.heard(UserUpdated, f"user:{owner.user_id}")) == 1
    assert not hasattr(event.user, "email")


async def test_an_address_of_somebody_else_cannot_be_taken(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    await ann.ask("PATCH", "/auth/me", {"email": "ann@example.org"})
    assert await bob.refused("PATCH", "/auth/me", {"email": "Ann@example.org"}) == (409, "USER_EXISTS")
    await ann.ask("PATCH", "/auth/me", {"email": None})
    await bob.ask("PATCH", "/auth/me", {"email": "ann@example.org"})


@pytest.mark.parametrize(
    "body", [{"username": "other"}, {"is_admin": True}, {"display_name": ""}, {"email": "x"}]
)
async def test_other_fields_of_the_profile_cannot_be_set(town: Town, body: dict[str, Any]) -> None:
    ann = await town.sign_up("ann")
    assert (await ann.refused("PATCH", "/auth/me", body))[0] == 400


async def test_changing_the_password_ends_the_other_sessions(town: Town) -> None:
    ann = await town.sign_up("ann")
    other = town.stranger()
    other.take(await other.ask("POST", "/auth/login", {"username": ann.username, "password": PASSWORD}))
    change = {"current_password": PASSWORD, "new_password": "another password"}
    assert await ann.ask("POST", "/auth/me/password", change) == {"revoked_count": 1}
    assert await other.refused("GET", "/auth/me") == (401, "SESSION_REVOKED")
    await ann.ask("GET", "/auth/me")
    assert await ann.refused("POST", "/auth/login", {"username": ann.username, "password": PASSWORD}) == (
        401,
        "INVALID_CREDENTIALS",
    )
    await ann.ask("POST", "/auth/login", {"username": ann.username, "password": "another password"})


async def test_the_current_password_is_asked_for(town: Town) -> None:
    ann = await town.sign_up("ann")
    change = {"current_password": "not mine", "new_password": "another password"}
    assert await ann.refused("POST", "/auth/me/password", change) == (403, "INVALID_CREDENTIALS")
    await ann.ask("POST", "/auth/login", {"username": ann.username, "password": PASSWORD})


async def test_a_browser_never_sees_its_refresh_token(town: Town) -> None:
    ann = await town.sign_up("ann")
    browser = town.stranger()
    body = {"username": ann.username, "password": PASSWORD}
    response = await browser.send("POST", "/auth/login", body, Origin=town.site.url)
    assert body_of(response)["refresh_token"] is None
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("voicechat_refresh=")
    assert {"HttpOnly", "Path=/auth"} <= {part.strip() for part in cookie.split(";")}
    assert "SameSite=" in cookie


async def test_pages_of_other_sites_cannot_log_anybody_in(town: Town) -> None:
    ann = await town.sign_up("ann")
    body = {"username": ann.username, "password": PASSWORD}
    response = await town.stranger().send("POST", "/auth/login", body, Origin="https://evil.example")
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


# --- who may register


@pytest.mark.parametrize(
    ("door", "code"),
    [
        (rules.Door("open", False, False, False, False), None),
        (rules.Door("closed", False, False, False, True), "REGISTRATION_CLOSED"),
        (rules.Door("invite_only", False, False, False, False), "INVITE_REQUIRED"),
        (rules.Door("invite_only", False, False, False, True), None),
        (rules.Door("closed", True, False, False, False), None),
        (rules.Door("open", True, True, False, False), "SETUP_TOKEN_REQUIRED"),
        (rules.Door("closed", True, True, True, False), None),
    ],
)
def test_who_may_register(door: rules.Door, code: str | None) -> None:
    refused = None
    try:
        rules.check_door(door)
    except Exception as problem:
        refused = getattr(problem, "code", repr(problem))
    assert refused == code


async def test_a_closed_server_takes_no_second_account(db: Database, bus: Bus, tmp_path: Path) -> None:
    auth = AuthSettings(argon2_memory_kib=1024, registration_policy="closed")
    async with open_town(town_settings(tmp_path, auth=auth), db, bus) as town:
        await town.sign_up("first")
        body = {"username": "second", "password": PASSWORD}
        assert await town.stranger().refused("POST", "/auth/register", body) == (403, "REGISTRATION_CLOSED")


async def test_an_invite_opens_an_invite_only_server_and_its_guild(
    db: Database, bus: Bus, tmp_path: Path
) -> None:
    auth = AuthSettings(argon2_memory_kib=1024, registration_policy="invite_only")
    async with open_town(town_settings(tmp_path, auth=auth), db, bus) as town:
        owner = await town.sign_up("owner")
        ground = await owner.found()
        stranger = town.stranger()
        body: dict[str, Any] = {"username": "second", "password": PASSWORD}
        assert await stranger.refused("POST", "/auth/register", body) == (403, "INVITE_REQUIRED")
        wrong = {**body, "invite_code": "AAAAbbbb0000"}
        assert await stranger.refused("POST", "/auth/register", wrong) == (404, "NOT_FOUND")
        login = {"username": "second", "password": PASSWORD}
        assert (await stranger.refused("POST", "/auth/login", login))[0] == 401
        code = await ground.invite(max_uses=1)
        second = await town.sign_up("second", invite_code=code)
        assert [guild["id"] for guild in (await second.ask("GET", "/api/guilds"))["items"]] == [ground.id]
        [joined] = town.heard(MemberJoined, f"guild:{ground.id}")
        assert joined.member.user.id == second.user_id
        assert (await stranger.refused("POST", "/auth/register", {**body, "invite_code": code}))[0] == 404


async def test_behind_anything_but_loopback_the_first_account_needs_the_token(
    db: Database, bus: Bus, tmp_path: Path
) -> None:
    server = ServerSettings(port=0, data_dir=str(tmp_path), public_url="https://voice.example.org")
    async with open_town(town_settings(tmp_path, server=server), db, bus) as town:
        outdated = await accounts.setup_token(town.house)
        token = await accounts.setup_token(town.house)
        assert token is not None
        assert (await town.stranger().ask("GET", "/api/settings"))["setup_token_required"] is True
        for given in (None, "guess", outdated):
            body = {"username": "ann", "password": PASSWORD, "setup_token": given}
            refusal = await town.stranger().refused("POST", "/auth/register", body)
            assert refusal == (403, "SETUP_TOKEN_REQUIRED")
        ann = await town.sign_up("ann", setup_token=token)
        assert (await ann.ask("GET", "/auth/me"))["is_admin"] is True
        assert await accounts.setup_token(town.house) is None
        bob = await town.sign_up("bob", setup_token=token)
        assert (await bob.ask("GET", "/auth/me"))["is_admin"] is False


async def test_the_set_up_token_is_kept_as_a_hash_only(db: Database, bus: Bus, tmp_path: Path) -> None:
    server = ServerSettings(port=0, host="0.0.0.0", data_dir=str(tmp_path))
    async with open_town(town_settings(tmp_path, server=server), db, bus) as town:
        token = await accounts.setup_token(town.house)

        async def stored(conn: Connection) -> bytes:
            return bytes(await conn.fetchval("SELECT setup_token_hash FROM installation"))

        assert token is not None
        assert token.encode() not in await db.run(stored)
        assert len(await db.run(stored)) == 32


async def test_on_loopback_no_token_is_needed(town: Town) -> None:
    assert await accounts.setup_token(town.house) is None
    assert await town.stranger().ask("GET", "/api/settings") == {
        "server_name": "VoiceChat",
        "registration_policy": "open",
        "setup_required": True,
        "setup_token_required": False,
        "oidc_enabled": False,
        "auth_methods": {"local": True},
    }
    await town.sign_up("ann")
    assert (await town.stranger().ask("GET", "/api/settings"))["setup_required"] is False


@pytest.mark.parametrize(
    ("host", "public_url", "exposed"),
    [
        ("127.0.0.1", "", False),
        ("::1", "", False),
        ("localhost", "http://localhost:8080", False),
        ("127.0.0.1", "http://[::1]:8080", False),
        ("0.0.0.0", "", True),
        ("::", "", True),
        ("192.168.1.2", "", True),
        ("127.0.0.1", "https://voice.example.org", True),
        ("127.0.0.1.evil.tld", "", True),
    ],
)
def test_who_could_register_first(host: str, public_url: str, exposed: bool, tmp_path: Path) -> None:
    server = ServerSettings(host=host, public_url=public_url)
    assert rules.is_exposed(town_settings(tmp_path, server=server)) is exposed


def test_a_server_behind_a_proxy_is_reached_by_others(tmp_path: Path) -> None:
    server = ServerSettings(host="127.0.0.1", trusted_proxies="127.0.0.1")
    assert rules.is_exposed(town_settings(tmp_path, server=server))


def test_bodies_with_secrets_do_not_show_them() -> None:
    secret = "s3cret value"
    bodies = (
        Register(username="ann", password=secret, setup_token=secret),
        Login(username="ann", password=secret),
        Refresh(refresh_token=secret),
        ChangePassword(current_password=secret, new_password=secret),
    )
    assert all(secret not in repr(body) for body in bodies)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/149.0 Safari/537.36 Edg/149.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/18.0 Safari/605.1", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/149.0 Mobile Safari/537.36", "Chrome on Android"),
        ("python-httpx/0.28", "Unknown client"),
        ("", "Unknown client"),
    ],
)
def test_devices_have_names(user_agent: str, name: str) -> None:
    assert rules.device_name(user_agent) == name
