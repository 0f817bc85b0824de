"""Channels: text and voice channels, their categories, their permission overrides, how far they were read."""

from voicechat.features.channels import categories, overrides, service
from voicechat.protocol.channels import (
    Categories,
    Category,
    Channel,
    Channels,
    CreateCategory,
    CreateChannel,
    EditCategory,
    EditChannel,
    MarkRead,
    Override,
    Overrides,
    PutOverride,
    ReorderChannels,
)
from voicechat.web import Route

_GUILD = "/api/guilds/{guild_id}"
_CHANNEL = "/api/channels/{channel_id}"
_CATEGORIES = f"{_GUILD}/categories"
_CATEGORY = f"{_CATEGORIES}/{{category_id}}"

_CHANNEL_ROUTES = (
    Route("GET", f"{_GUILD}/channels", service.list_channels, answer=Channels, limit="read", tag="channels"),
    Route(
        "POST",
        "/api/channels",
        service.create,
        body=CreateChannel,
        answer=Channel,
        status=201,
        limit="write",
        tag="channels",
    ),
    Route("GET", _CHANNEL, service.get, answer=Channel, limit="read", tag="channels"),
    Route("PATCH", _CHANNEL, service.edit, body=EditChannel, answer=Channel, limit="write", tag="channels"),
    Route("DELETE", _CHANNEL, service.delete, status=204, limit="write", tag="channels"),
    Route(
        "POST",
        f"{_GUILD}/channels/reorder",
        service.reorder,
        body=ReorderChannels,
        answer=Channels,
        limit="write",
        tag="channels",
    ),
    Route(
        "POST", f"{_CHANNEL}/read", service.mark_read, body=MarkRead, status=204, limit="read", tag="channels"
    ),
)

_CATEGORY_ROUTES = (
    Route("GET", _CATEGORIES, categories.list_categories, answer=Categories, limit="read", tag="channels"),
    Route(
        "POST",
        _CATEGORIES,
        categories.create,
        body=CreateCategory,
        answer=Category,
        status=201,
        limit="write",
        tag="channels",
    ),
    Route(
        "PATCH", _CATEGORY, categories.edit, body=EditCategory, answer=Category, limit="write", tag="channels"
    ),
    Route("DELETE", _CATEGORY, categories.delete, status=204, limit="write", tag="channels"),
)


def _override_routes(place: str) -> tuple[Route, ...]:
    """Make the routes of what a place changes; a channel's and a category's are alike."""
    listed, one = f"{place}/overrides", f"{place}/overrides/{{target_id}}"
    return (
        Route("GET", listed, overrides.list_overrides, answer=Overrides, limit="read", tag="channels"),
        Route("PUT", one, overrides.put, body=PutOverride, answer=Override, limit="write", tag="channels"),
        Route("DELETE", one, overrides.delete, status=204, limit="write", tag="channels"),
    )


ROUTES = (*_CHANNEL_ROUTES, *_CATEGORY_ROUTES, *_override_routes(_CHANNEL), *_override_routes(_CATEGORY))
