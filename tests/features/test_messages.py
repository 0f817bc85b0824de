"""Messages: posting once, listing in order, editing, deleting, mentions, typing."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from tests.features.town import Ground, Person, Town
from voicechat.errors import Forbidden, Invalid, NotFound
from voicechat.features import messages
from voicechat.features.messages import queries, rules
from voicechat.gateway import Connection as Socket
from voicechat.ids import new_id
from voicechat.protocol.messages import (
    MessageDelete,
    MessageEdit,
    MessageNew,
    StopTyping,
    Typing,
    TypingStart,
    TypingStop,
)
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection

SEND = int(Permission.SEND_MESSAGES)


def of(channel_id: str, query: str = "") -> str:
    return f"/api/messages/channel/{channel_id}{query}"


async def contents(person: Person, channel_id: str, query: str = "") -> list[str]:
    return [message["content"] for message in (await person.ask("GET", of(channel_id, query)))["items"]]


async def test_a_message_is_posted_and_told(town: Town, member: Person, ground: Ground) -> None:
    message = await member.post(ground.text_id, "  hello\nworld \n", nonce="mine")
    assert (message["content"], message["nonce"], message["mention_type"]) == ("hello\nworld", "mine", "none")
    assert message["author"]["id"] == member.user_id
    [event] = town.heard(MessageNew, f"channel:{ground.text_id}")
    assert (event.channel_id, event.message.id, event.message.nonce) == (
        ground.text_id,
        message["id"],
        "mine",
    )
    assert [entry["id"] for entry in (await member.ask("GET", of(ground.text_id)))["items"]] == [
        message["id"]
    ]


@pytest.mark.parametrize("characters", ["x" * 4000, "ä" * 4000, "\U0001f3a4" * 4000])
async def test_four_thousand_characters_of_any_kind_are_allowed(
    member: Person, ground: Ground, characters: str
) -> None:
    assert (await member.post(ground.text_id, characters))["content"] == characters
    assert (await member.refused("POST", of(ground.text_id), {"content": characters + "!"}))[0] == 400


@pytest.mark.parametrize(
    "content", ["", " ", "\n\t ", "\u200b", "\u2003\u3000", "\ufeff", "a\x00b", "a\x07b", "\x1b[31m", 7, None]
)
async def test_nothing_to_see_is_refused(member: Person, ground: Ground, content: Any) -> None:
    assert (await member.refused("POST", of(ground.text_id), {"content": content}))[0] == 400
    mine = await member.post(ground.text_id, "mine")
    assert (await member.refused("PATCH", f"/api/messages/{mine['id']}", {"content": content}))[0] == 400


async def test_lists_run_along_time_in_pages(member: Person, ground: Ground) -> None:
    posted = [await member.post(ground.text_id, f"m{number}") for number in range(7)]
    at = [message["id"] for message in posted]
    first = await member.ask("GET", of(ground.text_id, "?limit=3"))
    assert [message["content"] for message in first["items"]] == ["m6", "m5", "m4"]
    assert (first["has_more"], first["next_cursor"]) == (True, at[4])
    assert await contents(member, ground.text_id, f"?limit=3&before={at[4]}") == ["m3", "m2", "m1"]
    last = await member.ask("GET", of(ground.text_id, f"?limit=3&before={at[1]}"))
    assert ([m["content"] for m in last["items"]], last["has_more"], last["next_cursor"]) == (
        ["m0"],
        False,
        None,
    )
    newer = await member.ask("GET", of(ground.text_id, f"?limit=2&after={at[1]}"))
    assert [message["content"] for message in newer["items"]] == ["m3", "m2"]
    assert (newer["has_more"], newer["next_cursor"]) == (True, at[3])
    assert await contents(member, ground.text_id, f"?limit=9&after={at[3]}") == ["m6", "m5", "m4"]
    assert await contents(member, ground.text_id, f"?limit=4&around={at[3]}") == ["m5", "m4", "m3", "m2"]
    assert await contents(member, ground.text_id, f"?limit=1&around={at[3]}") == ["m3"]
    assert await contents(member, ground.text_id, f"?limit=100&around={at[3]}") == [
        f"m{number}" for number in range(6, -1, -1)
    ]


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?before=x", "?before=ID&after=ID", "?page=2"])
async def test_a_bad_page_is_refused(member: Person, ground: Ground, query: str) -> None:
    query = query.replace("ID", new_id())
    assert (await member.refused("GET", of(ground.text_id, query)))[0] == 400


async def test_pages_around_another_channels_message_tell_nothing_of_it(
    owner: Person, member: Person, ground: Ground
) -> None:
    secret = await ground.private_channel()
    await member.post(ground.text_id, "before")
    hidden = await owner.post(secret, "hidden")
    await member.post(ground.text_id, "after")
    assert await contents(member, ground.text_id, f"?around={hidden['id']}") == ["after", "before"]


async def test_every_page_together_is_the_whole_channel(member: Person, ground: Ground) -> None:
    posted = [(await member.post(ground.text_id, f"m{number}"))["id"] for number in range(11)]
    seen: list[str] = []
    query = "?limit=4"
    while True:
        page = await member.ask("GET", of(ground.text_id, query))
        seen += [message["id"] for message in page["items"]]
        if not page["has_more"]:
            break
        query = f"?limit=4&before={page['next_cursor']}"
    assert seen == posted[::-1]


# --- once


async def test_a_message_is_never_older_than_one_that_was_seen_before_it(
    town: Town, member: Person, ground: Ground
) -> None:
    """Whoever pages with `after` the newest they have seen would never get it."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted IS NOT TRUE"
    held = trio.Event()
    trio_token = trio.lowlevel.current_trio_token()
    posted: list[str] = []

    async def post_slowly(conn: Connection) -> str:
        """Post without committing until somebody else wants to."""
        await queries.take_turn(conn, ground.text_id)
        trio_token.run_sync_soon(held.set)
        while not await conn.fetchval(waiting):  # noqa: ASYNC110 (another session of the database waits)
            await asyncio.sleep(0.01)
        return new_id()

    async def post_meanwhile() -> None:
        await held.wait()
        posted.append((await member.post(ground.text_id))["id"])

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(post_meanwhile)
            slow = await town.house.db.transaction(post_slowly)
    assert posted[0] > slow


async def test_a_repeat_with_the_same_key_changes_nothing(town: Town, member: Person, ground: Ground) -> None:
    answers = [
        await member.ask("POST", of(ground.text_id), {"content": "once"}, status=201, Idempotency_Key="key-1")
        for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert await contents(member, ground.text_id) == ["once"]
    assert len(town.heard(MessageNew)) == 1


async def test_parallel_repeats_post_once(town: Town, member: Person, ground: Ground) -> None:
    ids: list[str] = []

    async def post() -> None:
        body = {"content": "once"}
        answer = await member.ask("POST", of(ground.text_id), body, status=201, Idempotency_Key="k")
        ids.append(answer["id"])

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(post)
    assert len(set(ids)) == 1
    assert len(town.heard(MessageNew)) == 1


async def test_a_key_is_of_one_person_in_one_channel(owner: Person, member: Person, ground: Ground) -> None:
    other = await ground.channel()
    ids = set()
    for person, channel_id in ((owner, ground.text_id), (member, ground.text_id), (member, other)):
        body = {"content": "hello"}
        answer = await person.ask("POST", of(channel_id), body, status=201, Idempotency_Key="same")
        ids.add(answer["id"])
    assert len(ids) == 3


async def test_a_key_may_be_used_again_after_a_day(town: Town, member: Person, ground: Ground) -> None:
    async def age(conn: Connection) -> None:
        await conn.execute("UPDATE messages SET created_at = created_at - interval '25 hours'")

    async def post() -> None:
        await member.ask("POST", of(ground.text_id), {"content": "x"}, status=201, Idempotency_Key="k")

    await post()
    await town.house.db.run(age)
    await post()
    await post()
    assert await contents(member, ground.text_id) == ["x", "x"]
    assert len(town.heard(MessageNew)) == 2


async def test_a_key_used_for_something_else_is_refused_and_loses_nothing_silently(
    member: Person, ground: Ground
) -> None:
    message = await member.ask(
        "POST", of(ground.text_id), {"content": "one"}, status=201, Idempotency_Key="k"
    )
    refusal = await member.ask(
        "POST", of(ground.text_id), {"content": "two"}, status=409, Idempotency_Key="k"
    )
    assert refusal["error"] == "IDEMPOTENCY_KEY_REUSED"
    await member.ask("PATCH", f"/api/messages/{message['id']}", {"content": "edited"})
    again = await member.ask("POST", of(ground.text_id), {"content": "one"}, status=201, Idempotency_Key="k")
    assert (again["id"], again["content"]) == (message["id"], "edited")


async def test_a_repeat_does_not_bring_a_deleted_message_back(
    town: Town, member: Person, ground: Ground
) -> None:
    body = {"content": "regretted"}
    message = await member.ask("POST", of(ground.text_id), body, status=201, Idempotency_Key="k")
    await member.ask("DELETE", f"/api/messages/{message['id']}", status=204)
    again = await member.ask("POST", of(ground.text_id), body, status=201, Idempotency_Key="k")
    assert (again["id"], again["content"]) == (message["id"], "")
    assert await contents(member, ground.text_id) == []


@pytest.mark.parametrize("key", ["", "x" * 129, "a b", "\xff"])
async def test_a_bad_key_is_refused(member: Person, ground: Ground, key: str) -> None:
    response = await member.http.post(
        of(ground.text_id), json={"content": "x"}, headers=[(b"Idempotency-Key", key.encode("latin-1"))]
    )
    assert (response.status_code, response.json()["error"]) == (400, "BAD_IDEMPOTENCY_KEY")


# --- replies


async def test_a_reply_is_to_a_message_that_stands_in_the_same_channel(
    owner: Person, member: Person, ground: Ground
) -> None:
    first = await owner.post(ground.text_id)
    reply = await member.post(ground.text_id, "yes", reply_to=first["id"])
    assert reply["reply_to"] == first["id"]
    elsewhere = await owner.post(await ground.channel("other"))
    hidden = await owner.post(await ground.private_channel())
    await owner.ask("DELETE", f"/api/messages/{first['id']}", status=204)
    for target in (elsewhere["id"], hidden["id"], first["id"], new_id()):
        body = {"content": "x", "reply_to": target}
        assert await member.refused("POST", of(ground.text_id), body) == (404, "NOT_FOUND")


# --- edit, delete


async def test_an_edit_is_told(town: Town, member: Person, ground: Ground) -> None:
    message = await member.post(ground.text_id, "helo")
    edited = await member.ask("PATCH", f"/api/messages/{message['id']}", {"content": "hello"})
    assert (edited["content"], edited["created_at"]) == ("hello", message["created_at"])
    assert edited["edited_at"] is not None
    [event] = town.heard(MessageEdit, f"channel:{ground.text_id}")
    assert (event.message_id, event.content) == (message["id"], "hello")


async def test_only_the_author_edits(owner: Person, member: Person, ground: Ground) -> None:
    message = await member.post(ground.text_id, "mine")
    body = {"content": "yours"}
    assert await owner.refused("PATCH", f"/api/messages/{message['id']}", body) == (403, "NOT_AUTHOR")
    assert await contents(owner, ground.text_id) == ["mine"]


async def test_whoever_was_silenced_cannot_speak_by_editing(member: Person, ground: Ground) -> None:
    message = await member.post(ground.text_id, "mine")
    await ground.override(ground.text_id, ground.everyone_id, deny=SEND)
    body = {"content": "still here"}
    path = f"/api/messages/{message['id']}"
    assert await member.refused("PATCH", path, body) == (403, "MISSING_PERMISSION")
    await member.ask("DELETE", path, status=204)


async def test_a_deleted_message_is_wiped_and_gone(
    town: Town, owner: Person, member: Person, ground: Ground
) -> None:
    message = await member.post(ground.text_id, f"secret @{owner.username}")
    path = f"/api/messages/{message['id']}"
    await member.ask("DELETE", path, status=204)
    assert await contents(member, ground.text_id) == []
    for method, body in (("DELETE", None), ("PATCH", {"content": "x"})):
        assert await member.refused(method, path, body) == (404, "NOT_FOUND")
    [event] = town.heard(MessageDelete, f"channel:{ground.text_id}")
    assert event.message_id == message["id"]

    async def stored(conn: Connection) -> tuple[Any, ...]:
        row = await conn.fetchrow("SELECT content, mentions FROM messages")
        assert row is not None
        return tuple(row)

    assert await town.house.db.run(stored) == ("", [])


async def test_a_hidden_message_is_as_if_it_never_was(owner: Person, member: Person, ground: Ground) -> None:
    hidden = await owner.post(await ground.private_channel())
    for method, body in (("PATCH", {"content": "x"}), ("DELETE", None)):
        answers = [
            await member.send(method, f"/api/messages/{message_id}", body)
            for message_id in (hidden["id"], new_id())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content


# --- mentions


async def test_members_are_mentioned_by_name(
    owner: Person, member: Person, outsider: Person, ground: Ground
) -> None:
    text = f"@{member.username}, @{outsider.username} @nobody_at_all and `@{owner.username}`"
    message = await owner.post(ground.text_id, text)
    assert (message["mention_type"], message["mentions"]) == ("user", [member.user_id])


@pytest.mark.parametrize(("word", "kind"), [("@everyone", "everyone"), ("@here", "here")])
async def test_addressing_all_needs_the_bit_at_create_and_at_edit(
    member: Person, ground: Ground, word: str, kind: str
) -> None:
    message = await member.post(ground.text_id, f"hey {word}")
    assert message["mention_type"] == "none"
    path = f"/api/messages/{message['id']}"
    assert (await member.ask("PATCH", path, {"content": f"{word}!"}))["mention_type"] == "none"
    await ground.role(int(Permission.MENTION_EVERYONE), member)
    assert (await member.post(ground.text_id, f"hey {word}"))["mention_type"] == kind
    assert (await member.ask("PATCH", path, {"content": f"{word}!!"}))["mention_type"] == kind


async def test_an_edit_pings_nobody(town: Town, owner: Person, member: Person, ground: Ground) -> None:
    message = await owner.post(ground.text_id, "hello")
    body = {"content": f"@everyone @{member.username}"}
    await owner.ask("PATCH", f"/api/messages/{message['id']}", body)
    assert len(town.heard(MessageNew)) == 1


@pytest.mark.parametrize(
    ("content", "everyone", "here", "usernames"),
    [
        ("@ann hi", False, False, ["ann"]),
        ("hi @ann, @bob! (@cat)", False, False, ["ann", "bob", "cat"]),
        ("@ann @ann", False, False, ["ann"]),
        ("mail me@everyone.org or a@here", False, False, []),
        ("@everyone", True, False, []),
        ("@Everyone @EVERYONE", False, False, []),
        ("@everyones @here", False, True, ["everyones"]),
        ("`@everyone` ```\n@here\n``` @ann", False, False, ["ann"]),
        ("@@everyone", False, False, []),
        ("@an @toolongtoolongtoolongtoolongtoolong1", False, False, []),
    ],
)
def test_whom_a_text_addresses(content: str, everyone: bool, here: bool, usernames: list[str]) -> None:
    assert rules.mentioned(content) == (everyone, here, usernames)


def test_at_most_fifty_names_are_looked_up() -> None:
    content = " ".join(f"@user_{number}" for number in range(400))
    assert len(rules.mentioned(content).usernames) == 50


@given(st.text(max_size=300))
def test_any_text_is_cleaned_or_refused(content: str) -> None:
    rules.mentioned(content)
    try:
        cleaned = rules.clean(content)
    except Invalid:
        assert not content.strip().isprintable() or not content.strip()
    else:
        assert cleaned == content.strip() != ""


async def test_ciphertext_needs_its_nonce_and_mentions_nobody(owner: Person, ground: Ground) -> None:
    body = {"content": f"@everyone @{owner.username}", "encrypted": True}
    assert await owner.refused("POST", of(ground.text_id), body) == (400, "MISSING_NONCE")
    message = await owner.ask("POST", of(ground.text_id), {**body, "nonce": "n"}, status=201)
    assert (message["encrypted"], message["mention_type"], message["mentions"]) == (True, "none", [])
    path = f"/api/messages/{message['id']}"
    assert await owner.refused("PATCH", path, {"content": "c", "nonce": None}) == (400, "MISSING_NONCE")


# --- typing


class StandInSocket:
    def __init__(self, person: Person) -> None:
        self.caller = person.caller()


def socket(person: Person) -> Socket:
    return cast("Socket", StandInSocket(person))


TYPING, STOPPED = messages.COMMANDS[Typing], messages.COMMANDS[StopTyping]


async def test_typing_is_told_once_in_a_while(town: Town, member: Person, ground: Ground) -> None:
    for _ in range(5):
        await TYPING(town.house, socket(member), Typing(channel_id=ground.text_id))
        await STOPPED(town.house, socket(member), StopTyping(channel_id=ground.text_id))
    [started] = town.heard(TypingStart, f"channel:{ground.text_id}")
    [stopped] = town.heard(TypingStop, f"channel:{ground.text_id}")
    assert (started.user_id, started.username) == (member.user_id, member.username)
    assert stopped.user_id == member.user_id


async def test_typing_where_one_may_not_write_is_refused(
    town: Town, member: Person, outsider: Person, ground: Ground
) -> None:
    await ground.override(ground.text_id, ground.everyone_id, deny=SEND)
    for command, kind in ((Typing, TYPING), (StopTyping, STOPPED)):
        with pytest.raises(NotFound):
            await kind(town.house, socket(outsider), command(channel_id=ground.text_id))
        with pytest.raises(Forbidden) as refusal:
            await kind(town.house, socket(member), command(channel_id=ground.text_id))
        assert refusal.value.details == {"permission": "SEND_MESSAGES"}
    assert town.heard(TypingStart) == town.heard(TypingStop) == []
