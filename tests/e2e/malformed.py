"""What no well-behaved client sends: HTTP requests and WebSocket frames that are broken, each in one way."""

from __future__ import annotations

import base64
import os
import socket
import struct
from collections.abc import Mapping

_PATIENCE_S = 0.5  # for the first byte of an answer
_SILENCE_S = 0.1  # for the rest of it; whoever says no more by then waits for us
_HOST = b"Host: 127.0.0.1\r\n"
_JSON = b"Content-Type: application/json\r\n"
_UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def _get(path: bytes = b"/health/live", *headers: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"".join(headers) + b"\r\n"


def _post(body: bytes, *headers: bytes) -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST /auth/login HTTP/1.1\r\n" + _HOST + _JSON + length + b"".join(headers) + b"\r\n" + body


def _chunked(body: bytes) -> bytes:
    return b"POST /auth/login HTTP/1.1\r\n" + _HOST + _JSON + b"Transfer-Encoding: chunked\r\n\r\n" + body


REQUESTS: Mapping[str, bytes] = {
    "nothing at all": b"",
    "a blank line": b"\r\n\r\n",
    "zeros": b"\0" * 512,
    "random bytes": os.urandom(4096),
    "a TLS ClientHello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(508),
    "an HTTP/2 preface alone": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an HTTP/2 preface and garbage": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(256),
    "a request line of one word": b"GET\r\n\r\n",
    "an unknown HTTP version": b"GET / HTTP/9.9\r\n" + _HOST + b"\r\n",
    "a method with a space": b"GE T / HTTP/1.1\r\n" + _HOST + b"\r\n",
    "a path of 100 kB": _get(b"/" + b"a" * 100_000),
    "a path that is not UTF-8": _get(b"/\xff\xfe"),
    "a path with broken escapes": _get(b"/%ZZ/%"),
    "a path with an escaped zero": _get(b"/api/%00"),
    "a path that climbs": _get(b"/../../../../etc/passwd"),
    "a path that climbs in escapes": _get(b"/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a header without a colon": _get(b"/", b"nonsense\r\n"),
    "a header with a zero": _get(b"/", b"X-A: a\0b\r\n"),
    "a header of 100 kB": _get(b"/", b"X-A: " + b"a" * 100_000 + b"\r\n"),
    "ten thousand headers": _get(b"/", *[b"X-%d: 1\r\n" % number for number in range(10_000)]),
    "a folded header": _get(b"/", b"X-A: a\r\n b\r\n"),
    "a cookie that is not ASCII": _get(b"/auth/me", b"Cookie: \xff=\xfe\r\n"),
    "a bearer token that is not ASCII": _get(b"/auth/me", b"Authorization: Bearer \xff\xfe\r\n"),
    "a bearer token of dots": _get(b"/auth/me", b"Authorization: Bearer ..\r\n"),
    "a negative Content-Length": _post(b"", b"Content-Length: -1\r\n"),
    "a Content-Length of words": b"POST /auth/login HTTP/1.1\r\n" + _HOST + b"Content-Length: many\r\n\r\n",
    "two different Content-Lengths": _post(b"{}", b"Content-Length: 3\r\n"),
    "a Content-Length beyond all bounds": (
        b"POST /auth/login HTTP/1.1\r\n" + _HOST + _JSON + b"Content-Length: 999999999999999999999\r\n\r\n{"
    ),
    "a body that never comes": b"POST /auth/login HTTP/1.1\r\n"
    + _HOST
    + _JSON
    + b"Content-Length: 9\r\n\r\n{",
    "both a length and chunks": _post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
    "a chunk whose size is no number": _chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
    "a chunk shorter than it says": _chunked(b"ff\r\n{}\r\n0\r\n\r\n"),
    "an unknown transfer encoding": _post(b"{}", b"Transfer-Encoding: sausage\r\n"),
    "JSON cut in the middle": _post(b'{"username": "a'),
    "JSON nested a hundred thousand deep": _post(b"[" * 100_000),
    "JSON that is not UTF-8": _post(b'{"username": "\xff"}'),
    "JSON with a lone surrogate": _post(b'{"username": "\\ud800", "password": "x"}'),
    "JSON with an escaped zero": _post(b'{"username": "a\\u0000b", "password": "x"}'),
    "JSON with a number of a thousand digits": _post(b'{"username": ' + b"9" * 1000 + b"}"),
    "a body of another type": _post(b"a=b", b"Content-Type: text/plain\r\n"),
    "two requests smuggled into one": _post(b"", b"Content-Length: 0\r\n") + b"GET /x HTTP/1.1\r\n\r\n",
    "a WebSocket without a key": _get(b"/ws", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    "a WebSocket of version 99": _get(b"/ws", _UPGRADE.replace(b": 13", b": 99")),
    "a WebSocket with no subprotocol": _get(b"/ws", _UPGRADE),
    "a WebSocket with a token of garbage": _get(
        b"/ws", _UPGRADE, b"Sec-WebSocket-Protocol: voicechat.v1, access_token.%s\r\n" % (b"x" * 4000)
    ),
    "a WebSocket where none is": _get(b"/api/guilds", _UPGRADE),
    "a WebSocket by POST": _post(b"", _UPGRADE),
    "plain HTTP where a WebSocket is": _get(b"/ws"),
}
"""Whole requests as bytes, by what is wrong with them."""


def _frame(first: int, payload: bytes, *, masked: bool = True, length: bytes | None = None) -> bytes:
    """Build a WebSocket frame (RFC 6455 §5.2) of bytes that may contradict each other."""
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
    size = length or size
    if not masked:
        return bytes([first]) + size + payload
    return bytes([first, size[0] | 0x80]) + size[1:] + b"\0\0\0\0" + payload


_TEXT, _BINARY, _CLOSE, _PING = 0x81, 0x82, 0x88, 0x89

FRAMES: Mapping[str, bytes] = {
    "an unmasked frame": _frame(_TEXT, b'{"type":"ping"}', masked=False),
    "reserved bits": _frame(_TEXT | 0x70, b'{"type":"ping"}'),
    "an unknown opcode": _frame(0x83, b"x"),
    "an unknown control opcode": _frame(0x8F, b"x"),
    "a control frame in fragments": _frame(_PING & 0x7F, b"x"),
    "a control frame too long": _frame(_PING, b"x" * 126),
    "a continuation of nothing": _frame(0x80, b"x"),
    "a message inside a message": _frame(0x01, b"{") + _frame(_TEXT, b'{"type":"ping"}'),
    "a length of nearly all there is": _frame(_TEXT, b"", length=b"\x7f" + b"\x7f" + b"\xff" * 7),
    "a negative length": _frame(_TEXT, b"", length=b"\x7f" + b"\xff" * 8),
    "a length cut short": bytes([_TEXT, 0xFE, 0x00]),
    "text that is not UTF-8": _frame(_TEXT, b"\xff\xfe\xfd"),
    "a binary frame": _frame(_BINARY, b'{"type":"ping"}'),
    "no JSON": _frame(_TEXT, b"hello"),
    "JSON that is no object": _frame(_TEXT, b"[]"),
    "JSON nested five thousand deep": _frame(_TEXT, b"[" * 5_000),
    "an unknown type": _frame(_TEXT, b'{"type":"launch_missiles"}'),
    "an unknown field": _frame(_TEXT, b'{"type":"ping","x":1}'),
    "a resume of nonsense": _frame(_TEXT, b'{"type":"resume","session_id":"x","seq":-1}'),
    "more than a frame may hold": _frame(_TEXT, b'"' + b"x" * 20_000 + b'"'),
    "a close of one byte": _frame(_CLOSE, b"\x03"),
    "a close with a code nobody may send": _frame(_CLOSE, struct.pack("!H", 1005)),
    "a close whose reason is not UTF-8": _frame(_CLOSE, struct.pack("!H", 1000) + b"\xff"),
    "random bytes": os.urandom(2048),
}
"""What is sent after a proper handshake, by what is wrong with it."""


def upgrade_request(token: str) -> bytes:
    """Return the handshake of a proper client."""
    key = base64.b64encode(os.urandom(16))
    return _get(
        b"/ws",
        _UPGRADE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", key),
        f"Sec-WebSocket-Protocol: voicechat.v1, access_token.{token}\r\n".encode(),
    )


def exchange(port: int, *pieces: bytes) -> bytes:
    """Send the pieces over their own connection; return what comes until the server hangs up or is silent."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                received += connection.recv(65536)
            connection.settimeout(_SILENCE_S)
            while data := connection.recv(65536):
                received += data
        except (TimeoutError, ConnectionError):
            pass
    return received
