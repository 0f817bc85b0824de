"""What two people with the same library do: talk, show, stop, go another way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import trio

from tests.e2e.account import api_client, sign_up
from tests.interop.caller import Caller, NotDone, open_caller
from tests.interop.stacks import TONES_HZ, Stack
from tests.support.server import running_server
from voicechat.protocol.video import (
    VoiceScreenShareStart,
    VoiceScreenShareStop,
    VoiceWebcamStart,
    VoiceWebcamStop,
)
from voicechat.protocol.voice import VoiceIceRestart, VoiceJoin, VoiceMute, VoiceUnmute

Say = Callable[[str], None]


async def try_library(stack: Stack, folder: Path, say: Say) -> None:
    """Try everything the stack can; raises NotDone at the first thing that does not work."""
    async with two_callers(stack, folder) as (ann, bob, channel_id):
        for what, step in STEPS.items():
            if what in stack.cannot:
                say(f"{stack.name}: {what}: {stack.cannot[what]}")
                continue
            await step(ann, bob, channel_id)
            if ann.errors or bob.errors:
                raise NotDone(f"{what}: {ann.errors} {bob.errors}")
            say(f"{stack.name}: {what}: works")


@asynccontextmanager
async def two_callers(stack: Stack, folder: Path) -> AsyncIterator[tuple[Caller, Caller, str]]:
    """Run a server and two people in a guild, who are not in voice yet."""
    with ExitStack() as closing:
        server = closing.enter_context(running_server(folder))
        log = closing.enter_context((folder / "programs.log").open("wb"))
        clients = [closing.enter_context(api_client(server.url)) for _ in TONES_HZ]
        accounts = [sign_up(client, f"person_{hz}") for client, hz in zip(clients, TONES_HZ, strict=True)]
        guild = accounts[0].create_guild("Interop")
        accounts[1].join(guild.invite())
        async with AsyncExitStack() as opened:
            ann, bob = [
                await opened.enter_async_context(
                    open_caller(server.url, account, hz, stack.command(hz, folder), log)
                )
                for account, hz in zip(accounts, TONES_HZ, strict=True)
            ]
            yield ann, bob, guild.voice_id


async def _talk(ann: Caller, bob: Caller, channel_id: str) -> None:
    for person in (ann, bob):
        await person.say(VoiceJoin(channel_id=channel_id))
        await person.connected()
    await ann.hears(bob)
    await bob.hears(ann)


async def _mute(ann: Caller, bob: Caller, channel_id: str) -> None:
    await ann.say(VoiceMute(channel_id=channel_id))
    await bob.hears_no_more(ann)
    await ann.say(VoiceUnmute(channel_id=channel_id))
    await bob.hears(ann)


async def _show_faces(ann: Caller, bob: Caller, channel_id: str) -> None:
    for person, other in ((ann, bob), (bob, ann)):
        await person.say(VoiceWebcamStart(channel_id=channel_id))
        await other.sees(person, "webcam")


async def _share(ann: Caller, bob: Caller, channel_id: str) -> None:
    await ann.say(VoiceScreenShareStart(channel_id=channel_id, stream_id="one", has_audio=True))
    await bob.sees(ann, "screen_video:one")
    await bob.hears(ann, "screen_audio:one")
    await bob.sees(ann, "webcam")


async def _restart_ice(ann: Caller, bob: Caller, channel_id: str) -> None:
    offers = len(ann.answered)
    await ann.say(VoiceIceRestart(channel_id=channel_id))

    async def is_answered() -> bool:
        await trio.lowlevel.checkpoint()
        return len(ann.answered) > offers

    await ann.until("is offered a restart", is_answered)
    await trio.sleep(4)  # longer than the old way holds after the new one is taken
    await ann.hears(bob)
    await bob.hears(ann)
    await bob.sees(ann, "webcam")


async def _show_again(ann: Caller, bob: Caller, channel_id: str) -> None:
    await ann.say(VoiceScreenShareStop(channel_id=channel_id, stream_id="one"))
    await ann.say(VoiceWebcamStop(channel_id=channel_id))

    async def is_over() -> bool:
        await trio.lowlevel.checkpoint()
        shown = {(slot.user_id, slot.source) for slot in bob.slots}
        return (ann.account.user_id, "webcam") not in shown

    await bob.until("is told that the webcam is off", is_over)
    await ann.say(VoiceWebcamStart(channel_id=channel_id))
    await bob.sees(ann, "webcam")


STEPS: dict[str, Callable[[Caller, Caller, str], Awaitable[None]]] = {
    "two people hear each other": _talk,
    "a mute and an unmute": _mute,
    "webcams": _show_faces,
    "a screen with its sound": _share,
    "an ICE restart": _restart_ice,
    "a webcam in a section used before": _show_again,
}
