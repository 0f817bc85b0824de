"""Somebody in a guild whose gateway is ours and whose media is a program with another stack."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from tests.e2e.account import Account
from tests.interop.recording import pitch_of
from tests.support.gateway_client import GatewayClient, open_gateway
from voicechat import protocol
from voicechat.protocol.gateway import Error, Ping, Ready
from voicechat.protocol.voice import (
    Slot,
    VoiceAnswer,
    VoiceConnected,
    VoiceDisconnected,
    VoiceOffer,
    VoiceSlots,
)

_ANSWERS_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.2
_WITHIN_S = 30.0
_PING_EVERY_S = 10.0
_SEEN_FRAMES = 10
_TUNED_WITHIN_HZ = 25


class NotDone(Exception):
    """Something that should work did not: what, and how things stood."""


class Program:
    """A process that answers one line of JSON by another."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._pending = b""
        self._turn = trio.Lock()

    async def ask(self, **words: Any) -> dict[str, Any]:
        """Send one line; return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            await self._process.stdin.send_all(json.dumps(words).encode() + b"\n")
            with trio.fail_after(_ANSWERS_WITHIN_S):
                while b"\n" not in self._pending:
                    chunk = await self._process.stdout.receive_some()
                    if not chunk:
                        raise NotDone("the program ended")
                    self._pending += bytes(chunk)
        line, _, self._pending = self._pending.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Caller:
    """One person; `follow` and `ping` run as long as the person is there."""

    account: Account
    tone_hz: int
    gateway: GatewayClient
    program: Program
    slots: list[Slot] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)  # offers and their answers
    errors: list[str] = field(default_factory=list)
    is_connected: bool = False

    async def say(self, command: protocol.Command) -> None:
        """Send a command to the server."""
        await self.gateway.send(command)

    async def follow(self) -> None:
        """Answer the server's offers and note what it tells, for ever."""
        while True:
            match event := await self.gateway.next():
                case VoiceOffer():
                    await self._answer(event)
                case VoiceSlots():
                    self.slots = event.slots
                case VoiceConnected():
                    self.is_connected = True
                case Error() | VoiceDisconnected():
                    self.errors.append(repr(event))

    async def ping(self) -> None:
        """Keep the socket alive."""
        while True:
            await trio.sleep(_PING_EVERY_S)
            await self.say(Ping())

    async def _answer(self, offer: VoiceOffer) -> None:
        sends = {section.mid: section.source for section in offer.sends}
        said = await self.program.ask(offer=offer.sdp, sends=sends)
        if "answer" not in said:
            self.errors.append(f"no answer to offer {offer.revision}: {said}")
            return
        self.answered.append((offer.sdp, said["answer"]))
        await self.say(VoiceAnswer(channel_id=offer.channel_id, sdp=said["answer"], revision=offer.revision))

    # ---- what came -------------------------------------------------------------------------------

    async def connected(self) -> None:
        """Wait until the server says that media flows."""

        async def is_so() -> bool:
            return self.is_connected

        await self.until("is connected", is_so)

    async def hears(self, other: Caller, source: str = "microphone") -> None:
        """Wait until the other's tone comes in the section that the server says."""

        async def is_so() -> bool:
            hz: int = (await self._stream(other, source)).get("hz", 0)
            return abs(hz - other.tone_hz) < _TUNED_WITHIN_HZ

        await self.until(f"hears the {source} of the other", is_so)

    async def hears_no_more(self, other: Caller) -> None:
        """Wait until the other's section brings nothing new."""
        frames = [-1, (await self._stream(other, "microphone")).get("frames", 0)]

        async def is_so() -> bool:
            await trio.sleep(1)
            frames.append((await self._stream(other, "microphone")).get("frames", 0))
            return bool(frames[-1] == frames[-2])

        await self.until("hears the other no more", is_so)

    async def sees(self, other: Caller, source: str) -> None:
        """Wait until pictures of the other's come in the section that the server says."""
        before = (await self._stream(other, source)).get("frames", 0)

        async def is_so() -> bool:
            return bool((await self._stream(other, source)).get("frames", 0) > before + _SEEN_FRAMES)

        await self.until(f"sees the {source} of the other", is_so)

    async def _stream(self, other: Caller, source: str) -> dict[str, Any]:
        wanted = (other.account.user_id, source)
        mid = next((slot.mid for slot in self.slots if (slot.user_id, slot.source) == wanted), None)
        streams = (await self.program.ask())["streams"]
        stream: dict[str, Any] = streams.get(mid, {})
        if "opus" in stream:
            stream["hz"] = pitch_of(map(base64.b64decode, stream["opus"]))
        return stream

    async def until(self, what: str, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so; raises NotDone."""
        with trio.move_on_after(_WITHIN_S):
            while True:
                if await is_so():
                    return
                await trio.sleep(_LOOK_EVERY_S)
        raise NotDone(f"{self.account.username} {what}: not so; {self.errors} {await self.program.ask()}")


@asynccontextmanager
async def open_caller(
    url: str, account: Account, tone_hz: int, command: list[str], log: Any
) -> AsyncIterator[Caller]:
    """Open a person's gateway, and start the program that is their media."""
    async with trio.open_nursery() as nursery, open_gateway(url, account.access_token) as gateway:
        await gateway.expect(Ready)
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        caller = Caller(account, tone_hz, gateway, Program(process))
        nursery.start_soon(caller.follow)
        nursery.start_soon(caller.ping)
        try:
            yield caller
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            nursery.cancel_scope.cancel("the trial is over")
