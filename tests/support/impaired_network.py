"""A network that treats packets as the kernel's netem would, and a router whose port mapping can change.

    client ──tun── link ──tun── this machine
    198.18.x.2                  198.18.x.1

The link is a thread of the test process between two TUN devices, one of them in the client's namespace. It
takes the parameters of `tc qdisc … netem`, the same each way, and needs no kernel module: many kernels, among
them those of CI machines, come without netem. Its dice are seeded; what the machine's own load does to a
packet comes on top.
"""

from __future__ import annotations

import fcntl
import heapq
import itertools
import os
import random
import secrets
import select
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.namespaces import Namespace, ip, new_namespaces

_TUNSETIFF = 0x4004_54CA  # linux/if_tun.h
_IFF_TUN_NO_PI = 0x1001
_UDP = 17


@dataclass(frozen=True)
class Impairment:
    """What a packet suffers on each way, in the words of tc-netem(8)."""

    loss: float = 0.0  # the share that is lost
    delay_ms: float = 0.0
    jitter_ms: float = 0.0  # each packet's own delay is that far off at most; overtaking is possible
    reorder: float = 0.0  # the share that is sent at once, ahead of those that are delayed


CLEAN = Impairment()
BLACK_OUT = Impairment(loss=1.0)


@dataclass
class Link:
    """One direction's two ends are the devices `near` (client) and `far`; owned by `impaired_network`."""

    near: int
    far: int
    impairment: Impairment = CLEAN
    lost: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})

    def __post_init__(self) -> None:
        self._router = _Router()
        self._chance = random.Random(7)
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._order = itertools.count()
        self._wake_read, self._wake_write = os.pipe()

    def rebind(self) -> None:
        """Forget the router's mappings: the client gets other ports outside, the old ones lead nowhere."""
        self._router.forget()

    def run(self) -> None:
        """Pass packets on until `stop`."""
        while True:
            wait_s = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([self.near, self.far, self._wake_read], [], [], wait_s)
            if self._wake_read in ready:
                return
            now = time.monotonic()
            for device in ready:
                self._take(device, os.read(device, 65536), now)
            while self._waiting and self._waiting[0][0] <= now:
                _, _, device, packet = heapq.heappop(self._waiting)
                os.write(device, packet)

    def stop(self) -> None:
        """Make `run` return."""
        os.write(self._wake_write, b".")

    def close(self) -> None:
        """Let go of everything; only after `run` has returned."""
        for descriptor in (self.near, self.far, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _take(self, device: int, packet: bytes, now: float) -> None:
        if packet[0] >> 4 != 4:
            return
        direction, to = ("up", self.far) if device == self.near else ("down", self.near)
        translated = self._translated(packet, direction)
        how = self.impairment
        if translated is None or self._chance.random() < how.loss:
            self.lost[direction] += 1
            return
        self.passed[direction] += 1
        delay_ms = how.delay_ms + self._chance.uniform(-how.jitter_ms, how.jitter_ms)
        if self._chance.random() < how.reorder:
            delay_ms = 0.0
        heapq.heappush(self._waiting, (now + delay_ms / 1000, next(self._order), to, translated))

    def _translated(self, packet: bytes, direction: str) -> bytes | None:
        """Map the client's UDP port as a router does; None for what comes to a mapping that is gone."""
        if packet[9] != _UDP:
            return packet
        udp = 4 * (packet[0] & 0xF)
        at = udp if direction == "up" else udp + 2
        (port,) = struct.unpack_from("!H", packet, at)
        mapped = self._router.outside(port) if direction == "up" else self._router.inside(port)
        if mapped is None or mapped == port:
            return packet if mapped else None
        translated = bytearray(packet)
        struct.pack_into("!H", translated, at, mapped)
        struct.pack_into("!H", translated, udp + 6, 0)  # no checksum (RFC 768)
        return bytes(translated)


@dataclass
class _Router:
    """Which port of the outside stands for which of the client's."""

    to_outside: dict[int, int] = field(default_factory=dict)
    to_inside: dict[int, int] = field(default_factory=dict)
    spare: Iterator[int] | None = None  # none before the first change: then ports stay as they are

    def forget(self) -> None:
        self.spare = self.spare or iter(range(61_000, 65_535))
        self.to_outside, self.to_inside = {}, {}

    def outside(self, port: int) -> int:
        if port not in self.to_outside:
            self.to_outside[port] = port if self.spare is None else next(self.spare)
            self.to_inside[self.to_outside[port]] = port
        return self.to_outside[port]

    def inside(self, port: int) -> int | None:
        return self.to_inside.get(port)


@dataclass(frozen=True)
class ImpairedNetwork:
    """A client's place, and the link that is all its connection to this machine."""

    client: Namespace
    server_address: str  # where this machine is reached from there
    link: Link


@contextmanager
def impaired_network() -> Iterator[ImpairedNetwork]:
    """Make the network, clean at first; `namespaces.missing()` says beforehand whether that can be done."""
    tag, net = secrets.token_hex(3), f"198.19.{secrets.randbelow(256)}"
    with new_namespaces("far") as (client,):
        near, far = client.within(lambda: _open_tun(f"n{tag}")), _open_tun(f"f{tag}")
        link = Link(near, far)
        for run, device, address in ((client.ip, f"n{tag}", f"{net}.2/30"), (ip, f"f{tag}", f"{net}.1/30")):
            run("addr", "add", address, "dev", device)
            run("link", "set", device, "up")
        client.ip("route", "add", "default", "via", f"{net}.1")
        thread = threading.Thread(target=link.run, name="impaired-link")
        thread.start()
        try:
            yield ImpairedNetwork(client, f"{net}.1", link)
        finally:
            link.stop()
            thread.join()
            link.close()


def _open_tun(name: str) -> int:
    """Make a TUN device in the calling thread's network; it lives as long as the descriptor."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    return device
