"""Login sessions: go on with one, end one, see them all.

log in → token₁ ──refresh→ token₂ ──refresh→ token₃ …
              └─refresh again: stolen, by whoever came second or first → the whole family ends
"""

from __future__ import annotations

from voicechat.access.sessions import (
    Opened,
    add_refresh_token,
    end_other_sessions,
    end_session,
    new_refresh_token,
    tell_ended,
    token_hash,
)
from voicechat.errors import NotFound, Unauthenticated
from voicechat.features.accounts import rules
from voicechat.features.accounts import session_queries as queries
from voicechat.features.accounts.replies import refresh_token_of, reply_forgetting, reply_with_tokens
from voicechat.features.accounts.session_queries import Family
from voicechat.house import House
from voicechat.logs import get_logger
from voicechat.protocol.accounts import LoginSession, LoginSessions, Revoked
from voicechat.storage import Connection
from voicechat.web import Reply, Request

log = get_logger("accounts")


async def refresh(house: House, request: Request) -> Reply:
    """Trade the refresh token for new tokens. Each can be used once: a second use ends the session."""
    token = refresh_token_of(request)
    if token is None:
        raise Unauthenticated("expected a refresh token in the body or as a cookie", code="MISSING_TOKEN")
    ttl_s = house.settings.auth.refresh_ttl_s
    rotated = await house.db.transaction(_rotate, token, request.ip, request.user_agent, ttl_s)
    if isinstance(rotated, Opened):
        return reply_with_tokens(house, request, rotated)
    if rotated is None:
        raise Unauthenticated("the refresh token is unknown or has expired", code="INVALID_TOKEN")
    tell_ended(house, rotated.user_id, [rotated.session_id], "token_reused")
    log.warning("refresh_reused", session_id=rotated.session_id, user_id=rotated.user_id, ip=request.ip)
    raise Unauthenticated("this refresh token was used before; log in again", code="TOKEN_REUSED")


async def _rotate(
    conn: Connection, token: str, ip: str, user_agent: str, ttl_s: int
) -> Opened | Family | None:
    """Return the renewed session, or the family that was ended for a reused token, or None."""
    spent = await queries.spend(conn, token_hash(token))
    if spent is None:
        family = await queries.family(conn, token_hash(token))
        if family is None or not family.is_spent:
            return None
        await end_session(conn, family.user_id, family.session_id, "token_reused")
        return family
    if not await queries.extend(conn, spent.session_id, ip, user_agent, ttl_s):
        return None
    renewed = Opened(spent.session_id, spent.user_id, new_refresh_token())
    await add_refresh_token(conn, renewed.session_id, renewed.refresh_token)
    return renewed


async def logout(house: House, request: Request) -> Reply:
    """End the session of the refresh token, or of the bearer token where that is all there is."""
    token = refresh_token_of(request)
    caller = request.caller_or_none
    ended = None
    if token is not None:
        ended = await house.db.transaction(_end_family, token)
    elif caller is not None:
        await house.db.run(end_session, caller.user_id, caller.session_id, "logged_out")
        ended = Family(caller.session_id, caller.user_id, False)
    if ended is not None:
        tell_ended(house, ended.user_id, [ended.session_id], "logged_out")
    return reply_forgetting()


async def _end_family(conn: Connection, token: str) -> Family | None:
    family = await queries.family(conn, token_hash(token))
    if family is not None:
        await end_session(conn, family.user_id, family.session_id, "logged_out")
    return family


async def list_sessions(house: House, request: Request) -> LoginSessions:
    """List the devices that are logged in, the one used last first."""
    caller = request.caller
    found = await house.db.run(queries.alive, caller.user_id)
    return LoginSessions(
        sessions=[
            LoginSession(
                id=session.id,
                device=rules.device_name(session.user_agent),
                ip=session.ip,
                created_at=session.created_at,
                last_used_at=session.last_used_at,
                current=session.id == caller.session_id,
            )
            for session in found
        ]
    )


async def revoke_others(house: House, request: Request) -> Revoked:
    """End every session of the account but the one that asks."""
    caller = request.caller
    ended = await house.db.run(end_other_sessions, caller.user_id, caller.session_id, "revoked")
    tell_ended(house, caller.user_id, ended, "revoked")
    return Revoked(revoked_count=len(ended))


async def revoke(house: House, request: Request) -> None:
    """End one session of the account."""
    user_id, session_id = request.caller.user_id, request.path["session_id"]
    if not await house.db.run(end_session, user_id, session_id, "revoked"):
        raise NotFound("there is no such session")
    tell_ended(house, user_id, [session_id], "revoked")
