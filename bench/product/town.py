"""A running server with one guild and its people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.account import Account, Guild, api_client, sign_up
from tests.support.server import Server, running_server

# One machine plays a hundred people here: without limits by address, and with passwords cheap to hash.
_ENVIRONMENT = {
    "VOICECHAT_LIMITS_ENABLED": "false",
    "VOICECHAT_AUTH_ARGON2_MEMORY_KIB": "1024",
    "VOICECHAT_LOG_LEVEL": "warning",
}


@dataclass(frozen=True)
class Town:
    """The server, the guild and its members; the first owns it."""

    server: Server
    guild: Guild
    people: list[Account]


@contextmanager
def open_town(folder: Path, people: int) -> Iterator[Town]:
    """Start a server under `folder` and bring `people` accounts together; it is gone afterwards."""
    folder.mkdir()
    with running_server(folder, _ENVIRONMENT) as server, ExitStack() as stack:
        clients = [stack.enter_context(api_client(server.url)) for _ in range(people)]
        accounts = [sign_up(client, f"person_{number}") for number, client in enumerate(clients)]
        guild = accounts[0].create_guild("The town")
        code = guild.invite()
        for account in accounts[1:]:
            account.join(code)
        yield Town(server, guild, accounts)
