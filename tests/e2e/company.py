"""People who know each other: members of one guild, each with an account, and a page in the guild."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.e2e.account import Account, Guild, api_client, new_username, sign_up
from tests.e2e.person import Person
from tests.support.server import Server


@dataclass(frozen=True)
class Company:
    """The guild's people in the order they came; the first owns it."""

    guild: Guild
    accounts: list[Account]
    people: list[Person]

    def all_join_voice(self) -> None:
        """Bring everybody into the voice channel, hearing everybody else."""
        for person in self.people:
            person.join_voice()
        for person in self.people:
            person.hears(*(other for other in self.people if other is not person))


@contextmanager
def gathered(server: Server, people: list[Person]) -> Iterator[Company]:
    """Make accounts and a guild over the API, and bring `people` into it through the client."""
    with ExitStack() as stack:
        clients = [stack.enter_context(api_client(server.url)) for _ in people]
        accounts = [sign_up(client, new_username("user")) for client in clients]
        guild = accounts[0].create_guild("The company")
        for account in accounts[1:]:
            account.join(guild.invite())
        for person, account in zip(people, accounts, strict=True):
            person.open_guild(account)
        yield Company(guild, accounts, people)


Gather = Callable[..., Company]
"""`gather(arrive(0), arrive(1))` brings two people together."""
