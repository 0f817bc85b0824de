"""A gateway socket that only listens: what comes is stamped by the kernel, however late it is read."""

from __future__ import annotations

import base64
import os
import socket
import struct

from bench.programs import Broken

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module does not name it
_TIMESPEC = struct.Struct("@ll")
_READ_BYTES = 65_536
_OPENS_WITHIN_S = 10.0


class Listener:
    """One WebSocket, opened by hand; frames are not parsed, texts are looked for in the bytes."""

    def __init__(self, port: int, token: str) -> None:
        """Open it and wait for `ready`, after which the guild's events come."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_OPENS_WITHIN_S)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._tail = b""
        self._socket.sendall(_request(port, token))
        answer = self._read_until(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101"):
            raise Broken(f"expected the gateway to open a socket, got {answer[:200]!r}")
        self._read_until(b'"type":"ready"')
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def arrival_ns(self, text: bytes) -> int | None:
        """Read what is there; return when the newest of it arrived if `text` is in it, by the wall clock."""
        try:
            data, control, _, _ = self._socket.recvmsg(_READ_BYTES, socket.CMSG_SPACE(_TIMESPEC.size))
        except BlockingIOError:
            return None
        if not data:
            raise Broken("the server closed a listening socket")
        self._tail = (self._tail + data)[-_READ_BYTES:]
        if text not in self._tail:
            return None
        self._tail = b""
        for level, kind, stamp in control:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(stamp)
                return int(seconds * 1_000_000_000 + nanoseconds)
        raise Broken("the kernel did not stamp what arrived")

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read_until(self, text: bytes) -> bytes:
        read = b""
        while text not in read:
            chunk = self._socket.recv(_READ_BYTES)
            if not chunk:
                raise Broken(f"the server hung up before {text!r}: {read[:200]!r}")
            read += chunk
        return read


def _request(port: int, token: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: voicechat.v1, access_token.{token}\r\n\r\n"
    ).encode()
