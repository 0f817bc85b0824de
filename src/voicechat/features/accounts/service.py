"""Register, log in, look at and change the own account."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from voicechat.access import queries as access_queries
from voicechat.access.admission import Admission, redeem_invite, tell_joined
from voicechat.access.sessions import Opened, end_other_sessions, open_session, tell_ended, token_hash
from voicechat.errors import Conflict, Forbidden, Unauthenticated
from voicechat.features.accounts import queries, rules
from voicechat.features.accounts.passwords import passwords_of
from voicechat.features.accounts.replies import reply_with_tokens
from voicechat.house import Caller, House
from voicechat.ids import new_id
from voicechat.protocol.accounts import (
    ChangePassword,
    EditMe,
    Login,
    Me,
    Register,
    Revoked,
    User,
    UserUpdated,
)
from voicechat.protocol.service import PublicSettings
from voicechat.storage import Connection, violated_constraint
from voicechat.web import Reply, Request

_TAKEN = ("users_username_key", "users_email_key")


class Newcomer(NamedTuple):
    """What registering came to."""

    opened: Opened
    admission: Admission | None


async def register(house: House, request: Request) -> Reply:
    """Make an account and log it in; the server's first becomes its system admin.

    With an invite code it joins that guild as well. Whether a name or an address is taken is not told apart.
    """
    body: Register = request.body
    rules.check_username(body.username)
    rules.check_password(body.username, body.password)
    await house.db.run(_check_door, house, body)
    password_hash = await passwords_of(house).hash(body.password)
    newcomer = await house.db.transaction(_register, house, request, password_hash)
    if newcomer.admission is not None:
        tell_joined(house, newcomer.admission)
    return reply_with_tokens(house, request, newcomer.opened, status=201)


async def _register(conn: Connection, house: House, request: Request, password_hash: str) -> Newcomer:
    body: Register = request.body
    is_first = await _check_door(conn, house, body)
    user_id = new_id()
    display_name = (body.display_name or body.username).strip()
    try:
        await queries.insert_user(conn, user_id, body.username, display_name, body.email, password_hash)
    except Exception as problem:
        raise _taken(problem) from problem
    if is_first:
        await queries.complete_setup(conn, user_id)
    admission = None
    if body.invite_code is not None:
        limits = house.settings.limits
        admission = await redeem_invite(
            conn,
            body.invite_code,
            user_id,
            guilds_per_user=limits.guilds_per_user,
            members_per_guild=limits.members_per_guild,
        )
    ttl_s = house.settings.auth.refresh_ttl_s
    opened = await open_session(conn, user_id, request.ip, request.user_agent, ttl_s)
    return Newcomer(opened, admission)


async def _check_door(conn: Connection, house: House, body: Register) -> bool:
    """Refuse who may not register; tell whether this is the first account."""
    setup = await queries.setup_locked(conn)
    given = token_hash(body.setup_token or "")
    rules.check_door(
        rules.Door(
            policy=house.settings.auth.registration_policy,
            is_first=setup.is_pending,
            needs_setup_token=rules.is_exposed(house.settings),
            has_setup_token=setup.token_hash is not None and hmac.compare_digest(given, setup.token_hash),
            has_invite=body.invite_code is not None,
        )
    )
    return setup.is_pending


def _taken(problem: Exception) -> Exception:
    if violated_constraint(problem) in _TAKEN:
        return Conflict("this username or e-mail address is taken", code="USER_EXISTS")
    return problem


async def login(house: House, request: Request) -> Reply:
    """Open a login session with username and password.

    An unknown name and a wrong password are answered alike, after the same work.
    """
    body: Login = request.body
    found = await house.db.run(queries.credentials, body.username.lower())
    stored = None if found is None else found.password_hash
    if not await passwords_of(house).verify(stored, body.password) or found is None or stored is None:
        raise Unauthenticated("the username or the password is wrong", code="INVALID_CREDENTIALS")
    if passwords_of(house).needs_rehash(stored):
        renewed = await passwords_of(house).hash(body.password)
        await house.db.run(queries.replace_password_hash, found.user_id, stored, renewed)
    ttl_s = house.settings.auth.refresh_ttl_s
    opened = await house.db.transaction(open_session, found.user_id, request.ip, request.user_agent, ttl_s)
    return reply_with_tokens(house, request, opened)


async def get_me(house: House, request: Request) -> Me:
    """Return the own account."""
    return await house.db.run(queries.me, request.caller.user_id)


async def edit_me(house: House, request: Request) -> Me:
    """Change display name or e-mail address; those who share a guild hear of a new name."""
    user_id, body = request.caller.user_id, request.body
    try:
        me, guild_ids = await house.db.transaction(_edit_me, user_id, body)
    except Exception as problem:
        raise _taken(problem) from problem
    event = UserUpdated(
        user=User(id=me.id, username=me.username, display_name=me.display_name, avatar_url=me.avatar_url)
    )
    for topic in (f"user:{user_id}", *(f"guild:{guild_id}" for guild_id in guild_ids)):
        house.hub.publish(topic, event)
    return me


async def _edit_me(conn: Connection, user_id: str, body: EditMe) -> tuple[Me, list[str]]:
    if body.display_name is not UNSET:
        await queries.edit_display_name(conn, user_id, body.display_name.strip())
    if body.email is not UNSET:
        await queries.edit_email(conn, user_id, body.email)
    return await queries.me(conn, user_id), await access_queries.guilds_of_user(conn, user_id)


async def change_password(house: House, request: Request) -> Revoked:
    """Change the password, which ends every other session of the account."""
    body: ChangePassword = request.body
    caller = request.caller
    rules.check_password(caller.username, body.new_password)
    stored = await house.db.run(queries.password_hash, caller.user_id)
    if not await passwords_of(house).verify(stored, body.current_password) or stored is None:
        raise Forbidden("the current password is wrong", code="INVALID_CREDENTIALS")
    renewed = await passwords_of(house).hash(body.new_password)
    ended = await house.db.transaction(_change_password, caller, stored, renewed)
    tell_ended(house, caller.user_id, ended, "password_changed")
    return Revoked(revoked_count=len(ended))


async def _change_password(conn: Connection, caller: Caller, stored: str, renewed: str) -> list[str]:
    if not await queries.replace_password_hash(conn, caller.user_id, stored, renewed):
        raise Conflict("the password was changed just now, from elsewhere")
    return list(await end_other_sessions(conn, caller.user_id, caller.session_id, "password_changed"))


async def public_settings(house: House, request: Request) -> PublicSettings:
    """Say what a sign-in page needs to know."""
    setup = await house.db.run(queries.setup)
    return PublicSettings(
        server_name=house.settings.server.name,
        registration_policy=house.settings.auth.registration_policy,
        setup_required=setup.is_pending,
        setup_token_required=setup.is_pending and rules.is_exposed(house.settings),
        auth_methods={"local": True},
    )


async def setup_token(house: House) -> str | None:
    """Make the token that the first account needs, for printing; None when none is needed (any more).

    Each start before set-up is done makes a new one and forgets the earlier, since only its hash is kept.
    """
    if not rules.is_exposed(house.settings):
        return None
    token = secrets.token_urlsafe(24)
    return token if await house.db.run(queries.keep_setup_token, token_hash(token)) else None


async def ready_user(house: House, caller: Caller) -> Mapping[str, Any]:
    """Give the gateway's first frame the own account."""
    return {"user": await house.db.run(queries.me, caller.user_id)}
