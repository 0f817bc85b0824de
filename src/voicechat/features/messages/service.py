"""Post, list, edit and delete messages; say who is typing."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET

from voicechat.access import InChannel, find_in_channel, require, require_bits, require_in_channel
from voicechat.errors import Forbidden, Invalid, NotFound
from voicechat.features.messages import queries, rules
from voicechat.gateway import Connection as Socket
from voicechat.house import House
from voicechat.ids import new_id
from voicechat.protocol.messages import (
    EditMessage,
    Message,
    MessageDelete,
    MessageEdit,
    MessageNew,
    Messages,
    MessagesQuery,
    PostMessage,
    StopTyping,
    Typing,
    TypingStart,
    TypingStop,
)
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection
from voicechat.web import Request

TYPING_EVERY_S = 3.0
"""Word of typing is passed on at most this often for a person in a channel."""


class Posted(NamedTuple):
    """A message, and whether it was posted just now or by an earlier request with the same key."""

    message: Message
    is_new: bool


async def post(house: House, request: Request) -> Message:
    """Post a message (SEND_MESSAGES). With an Idempotency-Key header a repeat in a day changes nothing."""
    channel_id, user_id = request.path["channel_id"], request.caller.user_id
    key = rules.idempotency_key(request.headers.get("Idempotency-Key"))
    posted = await house.db.transaction(_post, user_id, channel_id, request.body, key)
    if posted.is_new:
        event = MessageNew(channel_id=channel_id, message=posted.message)
        house.hub.publish(f"channel:{channel_id}", event)
    return posted.message


async def _post(
    conn: Connection, user_id: str, channel_id: str, body: PostMessage, key: str | None
) -> Posted:
    place = await require_in_channel(conn, user_id, channel_id, Permission.SEND_MESSAGES)
    rules.check_encryption(body.encrypted, body.nonce)
    content = body.content if body.encrypted else rules.clean(body.content)
    if body.reply_to is not None and not await queries.is_in_channel(conn, body.reply_to, channel_id):
        raise NotFound("there is no message to reply to in this channel")
    mention_type, mentions = await _mentions(conn, place, content, encrypted=body.encrypted)
    await queries.take_turn(conn, channel_id)
    message = queries.NewMessage(
        id=new_id(),
        channel_id=channel_id,
        author_id=user_id,
        content=content,
        encrypted=body.encrypted,
        nonce=body.nonce,
        reply_to=body.reply_to,
        mention_type=mention_type,
        mentions=mentions,
        idempotency_key=key,
    )
    return await _insert_once(conn, message)


async def _insert_once(conn: Connection, message: queries.NewMessage) -> Posted:
    """Add the message unless its key stands for one already; parallel repeats wait for the first."""
    if message.idempotency_key is not None:
        used = (message.author_id, message.channel_id, message.idempotency_key)
        await queries.free_key(conn, *used)
        if not await queries.insert(conn, message):
            earlier = await queries.repeated(conn, *used)
            assert earlier is not None
            posted = await queries.posted(conn, earlier)
            rules.check_repeat(posted, message.content)
            return Posted(posted, False)
    else:
        await queries.insert(conn, message)
    return Posted(await queries.posted(conn, message.id), True)


async def _mentions(
    conn: Connection, place: InChannel, content: str, *, encrypted: bool
) -> tuple[str, list[str]]:
    """Return whom a text really addresses: members by name, all only with the bit, nobody in ciphertext."""
    if encrypted or "@" not in content:
        return "none", []
    found = rules.mentioned(content)
    mentions = await queries.members_named(conn, place.guild_id, found.usernames) if found.usernames else []
    may_mention_everyone = place.may(Permission.MENTION_EVERYONE)
    return rules.mention_type(found, mentions, may_mention_everyone=may_mention_everyone), mentions


async def list_messages(house: House, request: Request) -> Messages:
    """List messages, newest first (READ_HISTORY).

    `before`: those older than one; `after`: those newer than one, and then `next_cursor` goes into `after`;
    `around`: one amid its neighbours, and `next_cursor` goes into `before`.
    """
    query: MessagesQuery = request.query
    if sum(cursor is not None for cursor in (query.before, query.after, query.around)) > 1:
        raise Invalid("expected at most one of before, after and around", code="TOO_MANY_CURSORS")
    return await house.db.run(_list, request.caller.user_id, request.path["channel_id"], query)


async def _list(conn: Connection, user_id: str, channel_id: str, query: MessagesQuery) -> Messages:
    await require_in_channel(conn, user_id, channel_id, Permission.READ_HISTORY)
    if query.after is not None:
        found = await queries.after(conn, channel_id, query.after, query.limit + 1)
        items, has_more = found[: query.limit][::-1], len(found) > query.limit
        return Messages(items=items, has_more=has_more, next_cursor=items[0].id if has_more else None)
    newer: list[Message] = []
    older_limit = query.limit
    if query.around is not None:
        newer = await queries.after(conn, channel_id, query.around, query.limit // 2)
        at = await queries.message(conn, query.around)
        newer[:0] = [at] if at is not None and at.channel_id == channel_id else []
        newer = newer[: query.limit]
        older_limit = query.limit - len(newer)
    found = await queries.before(conn, channel_id, query.around or query.before, older_limit + 1)
    items, has_more = newer[::-1] + found[:older_limit], len(found) > older_limit
    return Messages(items=items, has_more=has_more, next_cursor=items[-1].id if has_more and items else None)


async def _find(conn: Connection, user_id: str, message_id: str) -> tuple[Message, InChannel]:
    """Return a message in a channel that the user sees; raises NotFound."""
    message = await queries.message(conn, message_id)
    place = None if message is None else await find_in_channel(conn, user_id, message.channel_id)
    if message is None or place is None:
        raise NotFound("there is no such message")
    return message, place


async def edit(house: House, request: Request) -> Message:
    """Change what one's own message says (SEND_MESSAGES); nobody is pinged by an edit."""
    message = await house.db.transaction(
        _edit, request.caller.user_id, request.path["message_id"], request.body
    )
    assert message.edited_at is not None
    event = MessageEdit(
        channel_id=message.channel_id,
        message_id=message.id,
        content=message.content,
        edited_at=message.edited_at,
        message=message,
    )
    house.hub.publish(f"channel:{message.channel_id}", event)
    return message


async def _edit(conn: Connection, user_id: str, message_id: str, body: EditMessage) -> Message:
    message, place = await _find(conn, user_id, message_id)
    if not _is_author(message, user_id):
        raise Forbidden("only its author can edit a message", code="NOT_AUTHOR")
    require_bits(place.bits, Permission.SEND_MESSAGES)
    nonce = message.nonce if body.nonce is UNSET else body.nonce
    rules.check_encryption(message.encrypted, nonce)
    content = body.content if message.encrypted else rules.clean(body.content)
    mention_type, mentions = await _mentions(conn, place, content, encrypted=message.encrypted)
    await queries.edit(conn, message_id, content, nonce, mention_type, mentions)
    return await queries.posted(conn, message_id)


async def delete(house: House, request: Request) -> None:
    """Delete a message and wipe what it said (its author, or MANAGE_MESSAGES)."""
    message_id = request.path["message_id"]
    channel_id = await house.db.transaction(_delete, request.caller.user_id, message_id)
    event = MessageDelete(channel_id=channel_id, message_id=message_id)
    house.hub.publish(f"channel:{channel_id}", event)


async def _delete(conn: Connection, user_id: str, message_id: str) -> str:
    message, place = await _find(conn, user_id, message_id)
    if not _is_author(message, user_id):
        require_bits(place.bits, Permission.MANAGE_MESSAGES)
    if not await queries.delete(conn, message_id):
        raise NotFound("there is no such message")
    return message.channel_id


def _is_author(message: Message, user_id: str) -> bool:
    return message.author is not None and message.author.id == user_id


async def typing(house: House, socket: Socket, command: Typing) -> None:
    """Tell the channel that somebody is typing (SEND_MESSAGES)."""
    caller, channel_id = socket.caller, command.channel_id
    await require(house, caller, channel_id, Permission.SEND_MESSAGES)
    if await _may_tell(house, f"typing:{caller.user_id}:{channel_id}"):
        event = TypingStart(
            channel_id=channel_id,
            user_id=caller.user_id,
            username=caller.username,
            display_name=caller.display_name,
        )
        house.hub.publish(f"channel:{channel_id}", event)


async def stop_typing(house: House, socket: Socket, command: StopTyping) -> None:
    """Tell the channel that somebody stopped typing (SEND_MESSAGES)."""
    caller, channel_id = socket.caller, command.channel_id
    await require(house, caller, channel_id, Permission.SEND_MESSAGES)
    if await _may_tell(house, f"stop_typing:{caller.user_id}:{channel_id}"):
        house.hub.publish(f"channel:{channel_id}", TypingStop(channel_id=channel_id, user_id=caller.user_id))


async def _may_tell(house: House, bucket: str) -> bool:
    """Tell whether it is time for another word; what comes too soon is dropped without one."""
    return (await house.bus.take(bucket, capacity=1, per_s=1 / TYPING_EVERY_S)).allowed
