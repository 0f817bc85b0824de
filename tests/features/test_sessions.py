"""Login sessions: rotation, reuse, logging out, revoking — and that each bites at once."""

from __future__ import annotations

from collections import Counter

import trio

from tests.features.town import PASSWORD, Person, Town
from tests.support.site import body_of
from voicechat.ids import new_id
from voicechat.protocol.news import SessionEnded
from voicechat.storage import Connection


async def refresh(person: Person, token: str) -> tuple[int, str | None]:
    response = await person.send("POST", "/auth/refresh", {"refresh_token": token})
    return response.status_code, body_of(response).get("error")


async def login(town: Town, username: str) -> Person:
    person = town.stranger()
    person.take(await person.ask("POST", "/auth/login", {"username": username, "password": PASSWORD}))
    return person


async def test_a_refresh_rotates_and_keeps_the_session(town: Town) -> None:
    ann = await town.sign_up("ann")
    [before] = (await ann.ask("GET", "/auth/sessions"))["sessions"]
    renewed = await ann.ask("POST", "/auth/refresh", {"refresh_token": ann.tokens["refresh_token"]})
    assert renewed["refresh_token"] != ann.tokens["refresh_token"]
    ann.take(renewed)
    [after] = (await ann.ask("GET", "/auth/sessions"))["sessions"]
    assert (after["id"], after["current"]) == (before["id"], True)
    assert after["last_used_at"] > before["last_used_at"]


async def test_a_spent_token_ends_the_family_at_once(town: Town) -> None:
    ann = await town.sign_up("ann")
    spent = ann.tokens["refresh_token"]
    ann.take(await ann.ask("POST", "/auth/refresh", {"refresh_token": spent}))
    assert await refresh(town.stranger(), spent) == (401, "TOKEN_REUSED")
    assert await ann.refused("GET", "/auth/me") == (401, "SESSION_REVOKED")
    assert (await refresh(ann, ann.tokens["refresh_token"]))[0] == 401
    [news] = town.heard(SessionEnded)
    assert (news.user_id, news.reason) == (ann.user_id, "token_reused")


async def test_of_fifty_parallel_refreshes_one_succeeds(town: Town) -> None:
    ann = await town.sign_up("ann")
    answers: Counter[tuple[int, str | None]] = Counter()

    async def attempt() -> None:
        answers[await refresh(ann, ann.tokens["refresh_token"])] += 1

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(attempt)
    assert answers == {(200, None): 1, (401, "TOKEN_REUSED"): 49}
    assert await ann.refused("GET", "/auth/me") == (401, "SESSION_REVOKED")


async def test_reuse_in_one_session_leaves_the_others(town: Town) -> None:
    ann = await town.sign_up("ann")
    other = await login(town, ann.username)
    for _ in range(2):
        await refresh(ann, ann.tokens["refresh_token"])
    await other.ask("GET", "/auth/me")


async def test_tokens_that_never_were_end_nothing(town: Town) -> None:
    ann = await town.sign_up("ann")
    for token in ("guess", ann.tokens["access_token"][:128], "\u0001", "\ud7ff"):
        assert await refresh(town.stranger(), token) == (401, "INVALID_TOKEN")
    assert await refresh(town.stranger(), "") == (401, "MISSING_TOKEN")
    await ann.ask("GET", "/auth/me")


async def test_a_refresh_token_is_no_access_token(town: Town) -> None:
    ann = await town.sign_up("ann")
    ann.http.headers["Authorization"] = f"Bearer {ann.tokens['refresh_token']}"
    assert await ann.refused("GET", "/auth/me") == (401, "INVALID_TOKEN")


async def test_refresh_tokens_are_kept_as_hashes_only(town: Town) -> None:
    ann = await town.sign_up("ann")

    async def stored(conn: Connection) -> list[bytes]:
        return [row[0] for row in await conn.fetch("SELECT token_hash FROM refresh_tokens")]

    [kept] = await town.house.db.run(stored)
    assert len(kept) == 32
    assert ann.tokens["refresh_token"].encode() not in kept


async def test_an_expired_session_is_over(town: Town) -> None:
    ann = await town.sign_up("ann")

    async def expire(conn: Connection) -> None:
        await conn.execute("UPDATE login_sessions SET expires_at = now()")

    await town.house.db.run(expire)
    assert await ann.refused("GET", "/auth/me") == (401, "SESSION_REVOKED")
    assert await refresh(ann, ann.tokens["refresh_token"]) == (401, "INVALID_TOKEN")


async def test_a_browser_refreshes_by_its_cookie(town: Town) -> None:
    ann = await town.sign_up("ann")
    browser = town.stranger()
    body = {"username": ann.username, "password": PASSWORD}
    await browser.send("POST", "/auth/login", body, Origin=town.site.url)
    spent = browser.http.cookies["voicechat_refresh"]
    response = await browser.send("POST", "/auth/refresh", Origin=town.site.url)
    assert body_of(response)["refresh_token"] is None
    assert browser.http.cookies["voicechat_refresh"] != spent
    browser.take(body_of(response))
    await browser.ask("GET", "/auth/me")
    out = await browser.send("POST", "/auth/logout", Origin=town.site.url)
    assert out.status_code == 204
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert (await browser.refused("GET", "/auth/me"))[0] == 401


async def test_another_sites_page_cannot_use_the_cookie(town: Town) -> None:
    ann = await town.sign_up("ann")
    ann.http.cookies.set("voicechat_refresh", ann.tokens["refresh_token"])
    for path in ("/auth/refresh", "/auth/logout"):
        response = await ann.send("POST", path, Origin="https://evil.example")
        assert response.status_code == 403
    await ann.ask("GET", "/auth/me")


async def test_logging_out_ends_this_session_alone(town: Town) -> None:
    ann = await town.sign_up("ann")
    other = await login(town, ann.username)
    await other.ask("POST", "/auth/logout", {"refresh_token": other.tokens["refresh_token"]}, status=204)
    assert await other.refused("GET", "/auth/me") == (401, "SESSION_REVOKED")
    assert (await refresh(other, other.tokens["refresh_token"]))[0] == 401
    await ann.ask("GET", "/auth/me")
    [news] = town.heard(SessionEnded)
    assert news.reason == "logged_out"


async def test_logging_out_by_bearer_token_alone(town: Town) -> None:
    ann = await town.sign_up("ann")
    await ann.ask("POST", "/auth/logout", status=204)
    assert (await ann.refused("GET", "/auth/me"))[0] == 401


async def test_logging_out_twice_or_as_nobody_is_no_error(town: Town) -> None:
    ann = await town.sign_up("ann")
    stranger = town.stranger()
    for _ in range(2):
        await stranger.ask("POST", "/auth/logout", {"refresh_token": ann.tokens["refresh_token"]}, status=204)
    await stranger.ask("POST", "/auth/logout", status=204)


async def test_one_session_can_be_revoked(town: Town) -> None:
    ann = await town.sign_up("ann")
    other = await login(town, ann.username)
    sessions = (await ann.ask("GET", "/auth/sessions"))["sessions"]
    [session_id] = [session["id"] for session in sessions if not session["current"]]
    await ann.ask("DELETE", f"/auth/sessions/{session_id}", status=204)
    assert await other.refused("GET", "/auth/me") == (401, "SESSION_REVOKED")
    assert await ann.refused("DELETE", f"/auth/sessions/{session_id}") == (404, "NOT_FOUND")
    [news] = town.heard(SessionEnded)
    assert (news.session_id, news.reason) == (session_id, "revoked")


async def test_all_other_sessions_can_be_revoked(town: Town) -> None:
    ann = await town.sign_up("ann")
    others = [await login(town, ann.username) for _ in range(3)]
    assert await ann.ask("DELETE", "/auth/sessions") == {"revoked_count": 3}
    for other in others:
        assert (await other.refused("GET", "/auth/me"))[0] == 401
    await ann.ask("GET", "/auth/me")
    assert len(town.heard(SessionEnded)) == 3


async def test_nobody_revokes_the_session_of_another(town: Town) -> None:
    ann, eve = await town.people("ann", "eve")
    [session] = (await ann.ask("GET", "/auth/sessions"))["sessions"]
    theirs = await eve.send("DELETE", f"/auth/sessions/{session['id']}")
    never = await eve.send("DELETE", f"/auth/sessions/{new_id()}")
    assert (theirs.status_code, theirs.content) == (never.status_code, never.content)
    assert theirs.status_code == 404
    await ann.ask("GET", "/auth/me")


async def test_sessions_of_long_ago_are_forgotten(town: Town) -> None:
    ann = await town.sign_up("ann")

    async def age(conn: Connection) -> None:
        await conn.execute("UPDATE login_sessions SET expires_at = now() - interval '8 days'")

    async def count(conn: Connection) -> int:
        return int(await conn.fetchval("SELECT count(*) FROM login_sessions"))

    await town.house.db.run(age)
    await login(town, ann.username)
    assert await town.house.db.run(count) == 1
