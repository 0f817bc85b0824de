"""How a session begins on a socket: a fresh one with `ready`, an old one with the frames that were missed."""

from __future__ import annotations

from typing import Any

from voicechat import __version__
from voicechat.fanout import Overflowed
from voicechat.gateway.connection import GatewayConnection
from voicechat.gateway.keeper import Desk, keep
from voicechat.house import Caller
from voicechat.protocol import encode
from voicechat.protocol.gateway import CloseCode, Ready, Resume, Resumed, ResumeFailed


async def open_fresh(
    desk: Desk, caller: Caller, *, failed: ResumeFailed | None = None
) -> tuple[GatewayConnection, list[bytes]]:
    """Open a session; return it with the first frames to send: `ready`, after `failed` where there is one.

    It follows its topics before the snapshot is taken, so what is published meanwhile comes after `ready`: a
    client may hear something twice, never miss it. Rooms are told (`connected`) before the snapshot too, so
    what they remember having shown is never newer than what was.
    """
    house = desk.house
    connection = GatewayConnection(house.hub, house.settings.gateway, caller)
    desk.registry.add(connection)
    desk.nursery.start_soon(keep, desk, connection)
    try:
        connection.see(await desk.hooks.topics(house, caller))
        for hook in desk.hooks.connected:
            await hook(house, connection)
        ready = await _ready(desk, connection)
    except BaseException:
        connection.end(CloseCode.INTERNAL, "the session could not be opened")
        raise
    finally:
        connection.introduced.set()
    connection.opened.set()
    first = [event for event in (failed, ready) if event is not None]
    return connection, [connection.replay.number(encode(event)) for event in first]


async def take_up(
    desk: Desk, caller: Caller, command: Resume
) -> tuple[GatewayConnection, list[bytes]] | ResumeFailed:
    """Take up an old session: return it with the missed frames and `resumed`, or say why it cannot be."""
    connection = desk.registry.resumable(command.session_id, caller)
    if connection is None or not connection.is_opened:
        return ResumeFailed(reason="unknown_session")
    try:
        await connection.collect()
    except Overflowed:
        connection.end(CloseCode.TOO_SLOW, "too much was missed")
        return ResumeFailed(reason="too_much_missed")
    missed = connection.replay.frames_after(command.seq)
    if missed is None:
        return ResumeFailed(reason="seq_not_held")
    connection.resume(caller)
    resumed = Resumed(session_id=connection.session_id, replayed=len(missed))
    return connection, [*missed, connection.replay.number(encode(resumed))]


async def _ready(desk: Desk, connection: GatewayConnection) -> Ready:
    house, caller = desk.house, connection.caller
    parts: dict[str, Any] = {}
    for part in desk.hooks.ready:
        parts |= await part(house, caller)
    return Ready(
        user_id=caller.user_id,
        session_id=connection.session_id,
        heartbeat_interval_s=house.settings.gateway.heartbeat_interval_s,
        resume_window_s=house.settings.gateway.resume_window_s,
        server_name=house.settings.server.name,
        server_version=__version__,
        **parts,
    )
