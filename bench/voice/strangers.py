"""Floods of datagrams from strangers: what they look like, and the program that pours them."""

from __future__ import annotations

import os
import secrets
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.programs import Child, compiled, load_cpu, pin, running
from bench.voice.load import packed
from bench.voice.room import PT, SSRC_BASE
from bench.voice.signalling import binding_request

RATE_PER_S = 20_000
_SOURCES = 64
_PACKETS = 512
_DTLS_RECORD = struct.Struct("!BHHHLH")
_HANDSHAKE, _DTLS_1_2 = 22, 0xFEFD


def _stun_forged(ufrags: Sequence[str]) -> bytes:
    """A check naming somebody who is here, signed with a wrong password: only its HMAC tells."""
    return binding_request(secrets.choice(ufrags), secrets.token_hex(12))


def _stun_random(ufrags: Sequence[str]) -> bytes:
    """A well-formed check naming nobody."""
    return binding_request(secrets.token_hex(len(ufrags[0]) // 2), secrets.token_hex(12))


def _dtls(ufrags: Sequence[str]) -> bytes:
    """The beginning of a handshake, by its record header."""
    body = os.urandom(200)
    return _DTLS_RECORD.pack(_HANDSHAKE, _DTLS_1_2, 0, 0, secrets.randbelow(100), len(body)) + body


def _rtp(ufrags: Sequence[str]) -> bytes:
    """A voice packet under the SSRC of somebody who is here."""
    seq, ssrc = secrets.randbelow(1 << 16), SSRC_BASE + secrets.randbelow(10)
    return struct.pack("!BBHII", 0x80, PT, seq, seq * 960, ssrc) + os.urandom(150)


#: By name; each makes one datagram, given the user fragments of people who are connected.
KINDS: dict[str, Callable[[Sequence[str]], bytes]] = {
    "stun-forged": _stun_forged,
    "stun-random": _stun_random,
    "dtls": _dtls,
    "rtp": _rtp,
}


class Strangers:
    """A flood that can be let loose and stopped; `rate` is what it last reached, datagrams a second."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._since = 0.0
        self.rate = 0.0

    async def begin(self) -> None:
        """Let loose."""
        self._since = time.monotonic()
        await self._child.say("on")

    async def end(self) -> None:
        """Stop, and note the rate."""
        sent = int(await self._child.ask("off"))
        self.rate = sent / (time.monotonic() - self._since)


@asynccontextmanager
async def open_strangers(
    kind: str, port: int, ufrags: Sequence[str], folder: Path, *, is_pinned: bool
) -> AsyncIterator[Strangers]:
    """Prepare a flood of one kind against the voice port on 127.0.0.1."""
    path = folder / f"flood-{kind}"
    path.write_bytes(b"".join(packed(KINDS[kind](ufrags)) for _ in range(_PACKETS)))
    command = [str(compiled("flood")), str(port), str(RATE_PER_S), str(_SOURCES), str(path)]
    async with running(command, "the flood") as child:
        pin(child.pid, load_cpu() if is_pinned else None)
        yield Strangers(child)
