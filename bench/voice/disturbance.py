"""Everything a server's Python may be busy with: a thread that never rests, and chat at a high rate."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import trio

from voicechat.fanout import Hub, Outbox
from voicechat.ids import new_id
from voicechat.protocol.accounts import User
from voicechat.protocol.decoding import decode_json
from voicechat.protocol.messages import Message, MessageNew, PostMessage

_TICK_S = 0.01
_READERS = 10
_BODY = b'{"content": "%s"}' % (b"voice first, then everything else " * 3)


class Disturbance:
    """A spinning thread and a chat channel with ten readers.

    `messages` counts what was published in `seconds`, over all times it was busy.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.seconds = 0.0
        self._rest = threading.Event()
        self._scope: trio.CancelScope | None = None

    def start(self, nursery: trio.Nursery, messages_per_s: int) -> None:
        """Be busy until `stop`."""
        if self._scope is not None:
            return
        self._rest.clear()
        threading.Thread(target=self._spin, name="spin", daemon=True).start()
        self._scope = trio.CancelScope()
        nursery.start_soon(self._chat, messages_per_s, self._scope)

    def stop(self) -> None:
        """Be quiet."""
        self._rest.set()
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None

    def _spin(self) -> None:
        """Hold the GIL whenever it is to be had, as bad pure-Python code would."""
        number = 1
        while not self._rest.is_set():
            for _ in range(1000):
                number = number * 6364136223846793005 % 2**64 + 1

    async def _chat(self, messages_per_s: int, scope: trio.CancelScope) -> None:
        """Publish what is due at each tick; what the GIL delayed is caught up with."""
        hub, channel = Hub(), new_id()
        author = User(id=new_id(), username="ann", display_name="Ann")
        with scope:
            async with trio.open_nursery() as nursery:
                for _ in range(_READERS):
                    outbox = Outbox(max_events=100_000, max_bytes=1 << 28)
                    hub.follow(f"channel:{channel}", outbox)
                    nursery.start_soon(_read, outbox)
                started, before = trio.current_time(), self.seconds
                owed = self.messages
                while True:
                    await trio.sleep(_TICK_S)
                    elapsed = trio.current_time() - started
                    due = owed + int(elapsed * messages_per_s)
                    while self.messages < due:
                        _post(hub, channel, author)
                        self.messages += 1
                    self.seconds = before + elapsed


def _post(hub: Hub, channel: str, author: User) -> None:
    """Do what a posted message costs between its request and the sockets, but for the database."""
    body: PostMessage = decode_json(_BODY, PostMessage)
    now = datetime.now(UTC)
    message = Message(id=new_id(), channel_id=channel, author=author, content=body.content, created_at=now)
    hub.publish(f"channel:{channel}", MessageNew(channel_id=channel, message=message))


async def _read(outbox: Outbox) -> None:
    seq = 0
    while True:
        for frame in await outbox.batch():
            seq += 1
            b"%s,%d}" % (frame[:-1], seq)
