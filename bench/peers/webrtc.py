"""A WebRTC client's leg: ICE checks as controlling agent, DTLS as client, SRTP, marked packets."""

from __future__ import annotations

import os
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pylibsrtp
import trio
from aioice import stun
from tests.support.dtls_client import ClientCertificate, DtlsClient

from bench.peers.exchange import Exchange, open_udp, send
from bench.peers.legs import Address
from bench.programs import Broken
from bench.voice.room import LEVEL_EXTENSION, PAYLOAD_BYTES, PT, Mark, marked_payload, read_mark

PROFILE = "SRTP_AEAD_AES_128_GCM"
_CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
_WAIT_S = 15.0
_RETRY_S = 0.02  # of a check, then twice as long each time
_FIRST_RESEND_S = 0.05  # of a flight, then twice as long each time, as Chromium does
_PRIORITY = 1_862_270_975
_LEVEL_DBOV = 30
_FRAME_TICKS = 960
_FIRST_SEQ = 1000
_HEADER = struct.Struct("!BBHIIHHBBxx")

CERTIFICATE = ClientCertificate()  # one for all clients: signing costs the load, not the servers


@dataclass(frozen=True)
class Remote:
    """The server's end, as its description gives it."""

    ufrag: str
    password: str
    address: Address


class RtpLeg:
    """One peer connection of one client."""

    def __init__(self, exchange: Exchange, host: str = "127.0.0.1") -> None:
        self.udp = open_udp(host)
        self.remote: Address = ("", 0)
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.fingerprint = CERTIFICATE.fingerprint
        self.ssrc = 1 + secrets.randbelow(0x7FFF_FFFE)
        self.first_audio_s: float | None = None
        self.made = 0
        self._is_controlling = True
        self._filling = os.urandom(PAYLOAD_BYTES)
        self._dtls = DtlsClient(CERTIFICATE, profiles=(PROFILE,), ciphers=_CIPHERS)
        self._flight: list[bytes] = []
        self._server: Remote | None = None
        self._answered = self._nominated = False
        self._news = trio.Event()
        self._tx: pylibsrtp.Session | None = None
        self._rx: pylibsrtp.Session | None = None
        exchange.add(self)

    @property
    def address(self) -> Address:
        """Where the client sends from."""
        host, port = self.udp.getsockname()[:2]
        return host, port

    async def connect(self, server: Remote, *, is_controlling: bool = True) -> None:
        """Check, shake hands and take the SRTP keys. Broken when the server does not go along.

        A full agent that made the offer is controlling (RFC 8445 §6.1.1); then the client is not.
        """
        self._is_controlling = is_controlling
        self._server, self.remote = server, server.address
        await self._repeat("check", self._check, self._is_checked, pause_s=_RETRY_S)
        self._flight = self._dtls.start()
        await self._repeat(
            "handshake", lambda: self._flight, lambda: self._dtls.is_finished, pause_s=_FIRST_RESEND_S
        )
        keys = self._dtls.keys()
        if keys.profile != PROFILE:
            raise Broken(f"the server chose {keys.profile}, expected {PROFILE}")
        self._tx = _session(keys.client, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._rx = _session(keys.server, pylibsrtp.Policy.SSRC_ANY_INBOUND)

    async def wait_audio(self) -> float:
        """Return the moment (trio's clock) of the first packet that could be opened."""
        with trio.fail_after(_WAIT_S):
            while self.first_audio_s is None:
                await self._news.wait()
        return self.first_audio_s

    # ---- Leg ----------------------------------------------------------------------------------------

    def take(self, datagram: bytes, address: Address) -> list[bytes]:
        """Answer checks, go on with the handshake, note the first audio."""
        kind = datagram[0] if datagram else 255
        if kind < 4:
            return self._take_stun(datagram, address)
        if 20 <= kind <= 63:
            replies = self._dtls.receive(datagram)
            self._flight = replies or self._flight
            self._tell()
            return replies
        if self.first_audio_s is None and self.read([datagram]) != [None]:
            self.first_audio_s = time.perf_counter()
            self._tell()
        return []

    def keepalive(self) -> list[bytes]:
        """Return a check, which is consent too (RFC 7675)."""
        return self._check() if self._server is not None else []

    def prepare(self, publisher: int, count: int) -> list[bytes]:
        """Encrypt the next packets; numbers go on from one call to the next."""
        first, self.made = self.made, self.made + count
        return [self._protected(Mark(publisher, number)) for number in range(first, first + count)]

    def read(self, datagrams: Sequence[bytes]) -> list[Mark | None]:
        """Decrypt what is RTP; a packet that comes twice is read once."""
        return [self._opened(datagram) for datagram in datagrams]

    # ---- inside -------------------------------------------------------------------------------------

    def _opened(self, datagram: bytes) -> Mark | None:
        is_rtp = len(datagram) > 12 and 128 <= datagram[0] <= 191 and not 192 <= datagram[1] <= 223
        if not is_rtp or self._rx is None:
            return None
        try:
            return read_mark(self._rx.unprotect(datagram))
        except (pylibsrtp.Error, ValueError):
            return None

    def _protected(self, mark: Mark) -> bytes:
        seq, ticks = (_FIRST_SEQ + mark.number) & 0xFFFF, mark.number * _FRAME_TICKS & 0xFFFF_FFFF
        header = _HEADER.pack(
            0x90, PT, seq, ticks, self.ssrc,
            0xBEDE, 1, LEVEL_EXTENSION << 4, 0x80 | _LEVEL_DBOV,
        )  # fmt: skip
        assert self._tx is not None
        return bytes(self._tx.protect(header + marked_payload(mark, self._filling)))

    def _is_checked(self) -> bool:
        """Say whether the server knows its way to us: before that it may drop a handshake's begin."""
        return self._answered and (self._is_controlling or self._nominated)

    def _check(self) -> list[bytes]:
        assert self._server is not None
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes = {
            "USERNAME": f"{self._server.ufrag}:{self.ufrag}",
            "PRIORITY": _PRIORITY,
        }
        if self._is_controlling:
            message.attributes |= {"ICE-CONTROLLING": 7, "USE-CANDIDATE": None}
        else:
            message.attributes |= {"ICE-CONTROLLED": 7}
        message.add_message_integrity(self._server.password.encode())
        return [bytes(message)]

    def _take_stun(self, datagram: bytes, address: Address) -> list[bytes]:
        try:
            message = stun.parse_message(datagram)
        except ValueError:
            return []
        if message.message_class == stun.Class.RESPONSE:
            self._answered = True
            self._tell()
            return []
        if message.message_class != stun.Class.REQUEST:
            return []
        self._nominated = self._nominated or "USE-CANDIDATE" in message.attributes
        self._tell()
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=message.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = address
        answer.add_message_integrity(self.password.encode())
        return [bytes(answer)]

    async def _repeat(
        self, what: str, datagrams: Callable[[], list[bytes]], is_done: Callable[[], bool], *, pause_s: float
    ) -> None:
        with trio.move_on_after(_WAIT_S):
            while not is_done() and self._dtls.error is None:
                send(self, datagrams())
                with trio.move_on_after(pause_s):
                    while not is_done() and self._dtls.error is None:
                        await self._news.wait()
                pause_s *= 2
            if is_done():
                return
        raise Broken(f"the {what} with {self.remote} was not done in {_WAIT_S:g} s: {self._dtls.error}")

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()


def _session(key: bytes, direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(
        key=key, ssrc_type=direction, srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    )
    policy.window_size = 4096
    return pylibsrtp.Session(policy)
