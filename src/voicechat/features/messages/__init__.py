"""Messages: post, list, edit, delete; who is typing."""

from voicechat.features.messages import service
from voicechat.gateway import CommandHandler
from voicechat.protocol import Command
from voicechat.protocol.messages import (
    EditMessage,
    Message,
    Messages,
    MessagesQuery,
    PostMessage,
    StopTyping,
    Typing,
)
from voicechat.web import Route

_OF_CHANNEL = "/api/messages/channel/{channel_id}"
_MESSAGE = "/api/messages/{message_id}"

ROUTES = (
    Route(
        "POST",
        _OF_CHANNEL,
        service.post,
        body=PostMessage,
        answer=Message,
        status=201,
        limit="message",
        tag="messages",
    ),
    Route(
        "GET",
        _OF_CHANNEL,
        service.list_messages,
        query=MessagesQuery,
        answer=Messages,
        limit="read",
        tag="messages",
    ),
    Route("PATCH", _MESSAGE, service.edit, body=EditMessage, answer=Message, limit="message", tag="messages"),
    Route("DELETE", _MESSAGE, service.delete, status=204, limit="write", tag="messages"),
)
COMMANDS: dict[type[Command], CommandHandler] = {
    Typing: service.typing,
    StopTyping: service.stop_typing,
}
