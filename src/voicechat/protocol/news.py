"""Word between the rooms and nodes of the server; never sent to clients.

News travel on the topics of `fanout` beside events, so that each node's gateway and voice service hear them.
"""

from __future__ import annotations

from voicechat.protocol.base import Id, News

NEWS_TOPIC = "news"
"""The one topic that news travel on: `hub.publish(NEWS_TOPIC, AccessChanged(…))`."""


class AccessChanged(News):
    """Permissions in a guild changed: recompute what its members (or just `user_id`) may see and do."""

    guild_id: Id
    user_id: Id | None = None
    channel_id: Id | None = None


class GuildJoined(News):
    """`user_id` became a member."""

    guild_id: Id
    user_id: Id


class GuildLeft(News):
    """`user_id` is a member no more (left, kicked, banned), or nobody is (deleted: `user_id` null)."""

    guild_id: Id
    user_id: Id | None
    reason: str


class SessionEnded(News):
    """A login session was ended; without an id, all of the user's but `except_session_id`."""

    user_id: Id
    session_id: Id | None
    except_session_id: Id | None = None
    reason: str = "revoked"


class VoiceMove(News):
    """A moderator moves (`channel_id`) or disconnects (null) a member who is in voice."""

    guild_id: Id
    user_id: Id
    channel_id: Id | None
