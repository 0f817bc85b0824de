"""A small WebRTC client over real UDP and TCP sockets: ICE checks, DTLS, SRTP, Opus-like packets, RTCP.

offer = await media.join(...)
async with open_client(offer) as client:
    await media.answer(peer_id, client.answer())
    await client.connect()
    client.say(10)
    packets = await client.heard("1", 5)
"""

from __future__ import annotations

import contextlib
import re
import secrets
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pylibsrtp
import trio
from aioice import stun

from tests.support.answers import AnswerParts, chromium_answer
from tests.support.dtls_client import ALL_PROFILES, ClientCertificate, DtlsClient
from voicechat.media.srtp import open_sessions
from voicechat.rtc.negotiation import LEVEL_EXTENSION, MID_EXTENSION, OPUS_PT

WAIT_S = 10.0
RETRY_S = 0.1
FRAME_TICKS = 960

Address = tuple[str, int]


@dataclass(frozen=True)
class RtpPacket:
    """A decrypted packet as it came out of the socket."""

    ssrc: int
    seq: int
    timestamp: int
    marker: bool
    payload_type: int
    extensions: dict[int, bytes]
    payload: bytes


@dataclass(frozen=True)
class ServerSide:
    """What a client needs to know of an offer."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: tuple[Address, ...]
    tcp_candidates: tuple[Address, ...]
    slot_ssrcs: dict[str, int]
    rtx_ssrcs: dict[str, int]

    @staticmethod
    def of(offer: str) -> ServerSide:
        sections = re.split(r"^m=", offer, flags=re.MULTILINE)[1:]
        ssrcs, rtx_ssrcs = {}, {}
        for section in sections[1:]:
            if "a=sendonly" in section:
                mid = _first(r"a=mid:(\S+)", section)
                ssrcs[mid] = int(_first(r"a=ssrc:(\d+)", section))
                if "a=ssrc-group:FID" in section:
                    rtx_ssrcs[mid] = int(_first(r"a=ssrc-group:FID \d+ (\d+)", section))
        found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sections[0])
        passive = r"a=candidate:\S+ 1 tcp \d+ (\S+) (\d+) typ host tcptype passive"
        found_tcp = re.findall(passive, sections[0])
        return ServerSide(
            ufrag=_first(r"a=ice-ufrag:(\S+)", offer),
            password=_first(r"a=ice-pwd:(\S+)", offer),
            fingerprint=_first(r"a=fingerprint:sha-256 (\S+)", offer),
            candidates=tuple((host, int(port)) for host, port in found),
            tcp_candidates=tuple((host, int(port)) for host, port in found_tcp),
            slot_ssrcs=ssrcs,
            rtx_ssrcs=rtx_ssrcs,
        )


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]


@dataclass(frozen=True)
class ClientOptions:
    """How a client behaves; the defaults are a browser's."""

    bind: str = "127.0.0.1"
    over_tcp: bool = False
    profiles: tuple[str, ...] = ALL_PROFILES
    ssrc: int | None = None  # random
    announces_ssrc: bool = True
    publishes: bool = True
    certificate: ClientCertificate | None = None
    hello_padding_bytes: int = 0
    dtls_mtu: int = 1200
    awaits_hello: bool = False  # its answer is passive
    frame_ticks: int = FRAME_TICKS  # 480 for packets of 10 ms


class RtcClient:
    """One client; `open_client` runs its receiving task."""

    def __init__(self, offer: str, options: ClientOptions, udp: trio.socket.SocketType) -> None:
        self.offer = offer
        self.server = ServerSide.of(offer)
        self.options = options
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.ssrc = options.ssrc or 1 + secrets.randbelow(0xFFFF_FFFE)
        self.certificate = options.certificate or ClientCertificate()
        self.udp = udp
        self.remote = self._choose_candidate()
        self.dtls = DtlsClient(
            self.certificate,
            profiles=options.profiles,
            mtu=options.dtls_mtu,
            hello_padding_bytes=options.hello_padding_bytes,
            waits=options.awaits_hello,
        )
        self.seq, self.timestamp = secrets.randbelow(1 << 15), secrets.randbelow(1 << 31)
        self.rtp: list[RtpPacket] = []
        self.rtcp: list[bytes] = []
        self.datagrams: list[tuple[bytes, Address]] = []
        self.unreadable = 0
        self.is_cut_off = False
        self._answers: dict[bytes, stun.Message] = {}
        self._flight: list[bytes] = []
        self._stream: trio.SocketStream | None = None
        self._writing = trio.Lock()
        self._rx: pylibsrtp.Session | None = None
        self._tx: pylibsrtp.Session | None = None
        self._news = trio.Event()
        self._nursery: trio.Nursery | None = None

    def _choose_candidate(self, *, tcp: bool = False) -> Address:
        wants_v6, wants_loopback = ":" in self.options.bind, self.options.bind.startswith(("127.", "::1"))
        for host, port in self.server.tcp_candidates if tcp else self.server.candidates:
            if (":" in host) == wants_v6 and host.startswith(("127.", "::1")) == wants_loopback:
                return host, port
        raise AssertionError(f"no candidate for {self.options.bind} in {self.server.candidates}")

    @property
    def address(self) -> Address:
        """Where the client sends from."""
        sock = self.udp if self._stream is None else self._stream.socket
        host, port = sock.getsockname()[:2]
        return host, port

    def answer(self, **changes: Any) -> str:
        """Write the SDP answer; `changes` replace parts of it."""
        parts = AnswerParts(
            ufrag=self.ufrag,
            password=self.password,
            fingerprint=self.certificate.fingerprint,
            ssrc=self.ssrc if self.options.announces_ssrc else None,
            microphone="sendonly" if self.options.publishes else "inactive",
            setup="passive" if self.options.awaits_hello else "active",
        )
        return chromium_answer(self.offer, replace(parts, **changes))

    def reoffered(self, offer: str) -> None:
        """Take a later offer; `answer` then answers it."""
        self.offer = offer
        self.server = ServerSide.of(offer)

    # ---- connecting ------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Check, shake hands and be ready for media."""
        await self.check(nominates=True)
        await self.shake_hands()

    def binding_request(self, *, nominates: bool = False, priority: int = 1_862_270_975) -> stun.Message:
        """Return a signed check."""
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        username = f"{self.server.ufrag}:{self.ufrag}"
        message.attributes = {"USERNAME": username, "PRIORITY": priority, "ICE-CONTROLLING": 7}
        if nominates:
            message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity(self.server.password.encode())
        return message

    async def check(self, *, nominates: bool = False, priority: int = 1_862_270_975) -> stun.Message:
        """Send a check until it is answered; return the answer."""
        request = self.binding_request(nominates=nominates, priority=priority)
        await self._repeat(lambda: [bytes(request)], lambda: request.transaction_id in self._answers)
        answer = self._answers[request.transaction_id]
        assert answer.check_message_integrity(self.server.password.encode())
        return answer

    async def rebind(self) -> trio.socket.SocketType:
        """Go on from another port, as behind a NAT that forgot us; return the socket of before, still open.

        What still arrives there is taken as well.
        """
        assert self._nursery is not None
        before, self.udp = self.udp, trio.socket.socket(self.udp.family, trio.socket.SOCK_DGRAM)
        await self.udp.bind((self.options.bind, 0))
        self._nursery.start_soon(self.receive_all, self.udp)
        return before

    def restart_ice(self) -> None:
        """Change the credentials, as the answer to an offer with new ones does."""
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)

    async def shake_hands(self) -> None:
        """Complete the DTLS handshake and open the SRTP sessions."""
        self._flight = self.dtls.start()
        await self._repeat(lambda: self._flight, lambda: self.dtls.is_finished or self.dtls.error is not None)
        assert self.dtls.error is None, self.dtls.error
        assert self.dtls.server_fingerprint() == self.server.fingerprint
        keys = self.dtls.keys()
        self._rx, self._tx = open_sessions(replace(keys, client=keys.server, server=keys.client))

    async def _repeat(self, datagrams: Callable[[], list[bytes]], is_done: Callable[[], bool]) -> None:
        with trio.fail_after(WAIT_S):
            await trio.lowlevel.checkpoint()
            while not is_done():
                for datagram in datagrams():
                    await self.send(datagram)
                with trio.move_on_after(RETRY_S):
                    await self._until(is_done)

    # ---- media -----------------------------------------------------------------------------------

    async def send(self, datagram: bytes, to: Address | None = None) -> None:
        """Send a datagram to the server, or a frame over the connection while there is one."""
        if self._stream is None or to is not None:
            await self.udp.sendto(datagram, to or self.remote)
        else:
            await self.send_bytes(struct.pack("!H", len(datagram)) + datagram)

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece of the stream as it is."""
        assert self._stream is not None
        async with self._writing:
            await self._stream.send_all(data)

    def rtp_packet(self, payload: bytes, *, level: int | None = 20, mid: str | None = None) -> bytes:
        """Return the next RTP packet in the clear, with its level (-dBov) and MID."""
        extensions = b""
        if level is not None:
            extensions += bytes([LEVEL_EXTENSION << 4, 0x80 | level])
        if mid is not None:
            extensions += bytes([MID_EXTENSION << 4 | len(mid) - 1]) + mid.encode()
        header = struct.pack(
            "!BBHII", 0x90 if extensions else 0x80, OPUS_PT, self.seq, self.timestamp, self.ssrc
        )
        if extensions:
            extensions += bytes(-len(extensions) % 4)
            extensions = struct.pack("!HH", 0xBEDE, len(extensions) // 4) + extensions
        self.seq = (self.seq + 1) & 0xFFFF
        self.timestamp = (self.timestamp + self.options.frame_ticks) & 0xFFFF_FFFF
        return header + extensions + payload

    def protect(self, packet: bytes) -> bytes:
        """Encrypt an RTP packet."""
        assert self._tx is not None
        return self._tx.protect(packet)

    async def say(self, payload: bytes, *, level: int | None = 20, mid: str | None = None) -> bytes:
        """Send one packet; return it as it went over the wire."""
        wire = self.protect(self.rtp_packet(payload, level=level, mid=mid))
        await self.send(wire)
        return wire

    async def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        assert self._tx is not None
        await self.send(self._tx.protect_rtcp(packet))

    async def goodbye(self) -> None:
        """Send close_notify, as Firefox does when its tab closes."""
        await trio.lowlevel.checkpoint()
        for datagram in self.dtls.close():
            await self.send(datagram)

    def of_slot(self, mid: str) -> list[RtpPacket]:
        """Return the packets received so far in the media section `mid`."""
        return [packet for packet in self.rtp if packet.ssrc == self.server.slot_ssrcs[mid]]

    def resent_in(self, mid: str) -> list[RtpPacket]:
        """Return what was sent again for the media section `mid`, in its stream of retransmissions."""
        return [packet for packet in self.rtp if packet.ssrc == self.server.rtx_ssrcs[mid]]

    async def heard(self, mid: str, count: int) -> list[RtpPacket]:
        """Wait until `count` packets came in the media section `mid`; return all of them."""
        await self.wait_until(lambda: len(self.of_slot(mid)) >= count)
        return self.of_slot(mid)

    async def heard_payload(self, payload: bytes) -> RtpPacket:
        """Wait for the packet with `payload`."""
        await self.wait_until(lambda: any(packet.payload == payload for packet in self.rtp))
        return next(packet for packet in self.rtp if packet.payload == payload)

    async def wait_until(self, is_true: Callable[[], bool]) -> None:
        """Wait until something received makes `is_true` hold; trio.TooSlowError after ten seconds."""
        with trio.fail_after(WAIT_S):
            await self._until(is_true)

    async def _until(self, is_true: Callable[[], bool]) -> None:
        await trio.lowlevel.checkpoint()
        while not is_true():
            await self._news.wait()

    # ---- receiving -------------------------------------------------------------------------------

    async def receive_all(self, udp: trio.socket.SocketType) -> None:
        """Take the datagrams of a socket for ever, and close it in the end."""
        with udp, contextlib.suppress(trio.ClosedResourceError):
            while True:
                datagram, address = await udp.recvfrom(65536)
                await self._taken(datagram, address[:2])

    async def open_tcp(self) -> None:
        """Connect to the passive candidate; from now on everything goes that way."""
        self._stream = await trio.open_tcp_stream(*self._choose_candidate(tcp=True))

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self._stream is not None:
            self._stream.socket.close()

    async def close_tcp(self) -> None:
        """Close the connection and go on over UDP."""
        assert self._stream is not None
        stream, self._stream = self._stream, None
        await stream.aclose()

    async def receive_frames(self) -> None:
        """Take the frames of the connection until it ends; `is_cut_off` says that it did."""
        assert self._stream is not None
        stream, pending = self._stream, b""
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while piece := await stream.receive_some(65536):
                pending += piece
                while len(pending) >= 2 and len(pending) >= (end := 2 + int.from_bytes(pending[:2], "big")):
                    await self._taken(pending[2:end], stream.socket.getpeername()[:2])
                    pending = pending[end:]
        self.is_cut_off = True
        self._tell()

    async def _taken(self, datagram: bytes, address: Address) -> None:
        self.datagrams.append((datagram, address))
        for reply in self._take(datagram):
            await self.send(reply)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    def _take(self, datagram: bytes) -> list[bytes]:
        first = datagram[0] if datagram else 255
        if first < 4:
            message = stun.parse_message(datagram)
            self._answers[message.transaction_id] = message
        elif 20 <= first <= 63:
            replies = self.dtls.receive(datagram)
            self._flight = replies or self._flight
            return replies
        elif 128 <= first <= 191:
            self._take_media(datagram)
        return []

    def _take_media(self, datagram: bytes) -> None:
        try:
            assert self._rx is not None
            if 192 <= datagram[1] <= 223:
                self.rtcp.append(self._rx.unprotect_rtcp(datagram))
            else:
                self.rtp.append(parse_rtp(self._rx.unprotect(datagram)))
        except (pylibsrtp.Error, AssertionError):
            self.unreadable += 1


def parse_rtp(packet: bytes) -> RtpPacket:
    """Read a packet with one-byte header extensions (RFC 8285 §4.2)."""
    flags, kind, seq, timestamp, ssrc = struct.unpack_from("!BBHII", packet)
    body = 12 + 4 * (flags & 0xF)
    extensions: dict[int, bytes] = {}
    if flags & 0x10:
        _, words = struct.unpack_from("!HH", packet, body)
        block = packet[body + 4 : body + 4 + 4 * words]
        body += 4 + 4 * words
        while block:
            number, length = block[0] >> 4, (block[0] & 0xF) + 1
            if number == 0:
                block = block[1:]
                continue
            extensions[number] = block[1 : 1 + length]
            block = block[1 + length :]
    return RtpPacket(ssrc, seq, timestamp, bool(kind & 0x80), kind & 0x7F, extensions, packet[body:])


async def run_client(
    offer: str,
    options: ClientOptions | None = None,
    *,
    task_status: trio.TaskStatus[RtcClient] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Open a client for `offer`, report it by `nursery.start`, and receive until cancelled."""
    options = options or ClientOptions()
    family = trio.socket.AF_INET6 if ":" in options.bind else trio.socket.AF_INET
    udp = trio.socket.socket(family, trio.socket.SOCK_DGRAM)
    await udp.bind((options.bind, 0))
    client = RtcClient(offer, options, udp)
    try:
        async with trio.open_nursery() as nursery:
            client._nursery = nursery
            nursery.start_soon(client.receive_all, udp)
            if options.over_tcp:
                await client.open_tcp()
                nursery.start_soon(client.receive_frames)
            task_status.started(client)
    finally:
        client.hang_up()


@asynccontextmanager
async def open_client(offer: str, options: ClientOptions | None = None) -> AsyncIterator[RtcClient]:
    """Open a client for `offer` with its socket and receiving task."""
    async with trio.open_nursery() as nursery:
        client: RtcClient = await nursery.start(run_client, offer, options)
        yield client
        nursery.cancel_scope.cancel()
