"""Who is connected to this node: gateway sessions by id and user, and the sockets that are open."""

from __future__ import annotations

from collections.abc import Iterator

from voicechat.errors import TooMany
from voicechat.gateway.connection import GatewayConnection, Socket
from voicechat.house import Caller
from voicechat.protocol import News
from voicechat.protocol.gateway import CloseCode
from voicechat.protocol.news import AccessChanged, GuildJoined, GuildLeft, SessionEnded
from voicechat.settings import LimitSettings


class Registry:
    """The gateway's table of connections; written by endpoints (add, admit) and keepers (remove)."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._by_id: dict[str, GatewayConnection] = {}
        self._by_user: dict[str, dict[str, GatewayConnection]] = {}
        self.sockets: set[Socket] = set()
        self.open_sockets = 0
        self.is_draining = False

    def __iter__(self) -> Iterator[GatewayConnection]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, connection: GatewayConnection) -> None:
        """Enter a new session."""
        self._by_id[connection.session_id] = connection
        self._by_user.setdefault(connection.caller.user_id, {})[connection.session_id] = connection

    def remove(self, connection: GatewayConnection) -> None:
        """Forget an ended session."""
        self._by_id.pop(connection.session_id, None)
        mine = self._by_user.get(connection.caller.user_id, {})
        mine.pop(connection.session_id, None)
        if not mine:
            self._by_user.pop(connection.caller.user_id, None)

    def resumable(self, session_id: str, caller: Caller) -> GatewayConnection | None:
        """Find a session that `caller` may take up again: the same person on the same login session."""
        connection = self._by_id.get(session_id)
        if connection is None or connection.is_ended:
            return None
        owner = (connection.caller.user_id, connection.caller.session_id)
        return connection if owner == (caller.user_id, caller.session_id) else None

    def of_user(self, user_id: str) -> list[GatewayConnection]:
        """List somebody's sessions, the oldest first."""
        return list(self._by_user.get(user_id, {}).values())

    def enter(self, socket: Socket) -> None:
        """Count a socket in; while the server stops it is closed again at once."""
        self.sockets.add(socket)
        if self.is_draining:
            socket.close(CloseCode.SERVICE_RESTART, "the server stops")

    def drain(self) -> None:
        """Close every socket, and those to come, because the server stops."""
        self.is_draining = True
        for socket in list(self.sockets):
            socket.close(CloseCode.SERVICE_RESTART, "the server stops")

    def admit(self, user_id: str) -> None:
        """Make room for one more socket of a user, or raise TooMany.

        Too many sessions that wait for a resume are no reason to refuse: the oldest of them ends.
        """
        if self.open_sockets > self._limits.connections_total:
            raise TooMany("the server has all the connections it can hold")
        mine = self.of_user(user_id)
        waiting = [connection for connection in mine if connection.is_waiting]
        if len(mine) - len(waiting) >= self._limits.connections_per_user:
            raise TooMany(f"expected at most {self._limits.connections_per_user} connections of one account")
        for connection in waiting[: max(0, len(waiting) + 1 - self._limits.connections_per_user)]:
            connection.end(CloseCode.TOO_MANY, "too many sessions wait for a resume")

    def hear(self, news: News) -> None:
        """Let the connections that a piece of news concerns know of it."""
        if isinstance(news, SessionEnded):
            self._end_sessions(news)
        elif isinstance(news, (AccessChanged, GuildJoined, GuildLeft)):
            for connection in self._concerned(news):
                connection.add_occasion(news)

    def _end_sessions(self, news: SessionEnded) -> None:
        for connection in self.of_user(news.user_id):
            if _ends(news, connection.caller.session_id):
                connection.revoke(news.reason)

    def _concerned(self, news: AccessChanged | GuildJoined | GuildLeft) -> list[GatewayConnection]:
        if news.user_id is not None:
            return self.of_user(news.user_id)
        topic = f"guild:{news.guild_id}"
        return [connection for connection in self if topic in connection.visible or not connection.is_opened]


def _ends(news: SessionEnded, login_session_id: str) -> bool:
    if news.session_id is not None:
        return login_session_id == news.session_id
    return login_session_id != news.except_session_id
