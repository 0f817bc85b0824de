"""Messages and typing."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from voicechat.protocol.accounts import User
from voicechat.protocol.base import LINE, TEXT, Answer, Body, Command, Event, Id, Instant, Limit, Page

Content = Annotated[str, Meta(min_length=1, max_length=4000, pattern=TEXT)]
Nonce = Annotated[str, Meta(min_length=1, max_length=64, pattern=LINE)]


class Message(Answer):
    """A message. `author` is null when the account is gone."""

    id: Id
    channel_id: Id
    author: User | None
    content: str
    encrypted: bool = False
    nonce: str | None = None
    reply_to: Id | None = None
    parent_id: Id | None = None
    attachments: list[dict[str, Any]] = []
    reactions: list[dict[str, Any]] = []
    mentions: list[Id] = []
    mention_type: str = "none"
    pinned: bool = False
    edited_at: Instant | None = None
    created_at: Instant
    message_type: str = "user"


class Messages(Page):
    """GET /api/messages/channel/{id}: newest first; `next_cursor` goes into `before`."""

    items: list[Message]


class MessagesQuery(Body):
    """Which messages to list; at most one of `before`, `after` and `around`."""

    before: Id | None = None
    after: Id | None = None
    around: Id | None = None
    limit: Limit = 50


class PostMessage(Body):
    """POST /api/messages/channel/{id}; an `Idempotency-Key` header makes a repeat harmless.

    `nonce` is the client's own mark, given back in the answer and the event, or, for an encrypted message,
    what its ciphertext needs.
    """

    content: Content
    encrypted: bool = False
    nonce: Nonce | None = None
    reply_to: Id | None = None


class EditMessage(Body):
    """PATCH /api/messages/{id} (author)."""

    content: Content
    nonce: Nonce | None | UnsetType = UNSET


class MessageNew(Event):
    """A message was posted."""

    channel_id: Id
    message: Message


class MessageEdit(Event):
    """A message was edited."""

    channel_id: Id
    message_id: Id
    content: str
    edited_at: Instant
    message: Message


class MessageDelete(Event):
    """A message was deleted."""

    channel_id: Id
    message_id: Id


class Typing(Command):
    """I am typing; repeat every few seconds."""

    channel_id: Id


class StopTyping(Command):
    """I stopped typing."""

    channel_id: Id


class TypingStart(Event):
    """Somebody is typing; forget it after 8 seconds without another."""

    channel_id: Id
    user_id: Id
    username: str
    display_name: str


class TypingStop(Event):
    """Somebody stopped typing."""

    channel_id: Id
    user_id: Id
