"""Chat: from the post of a message until the last of many gateway sockets has it."""

from __future__ import annotations

import http.client
import json
import secrets
import selectors
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import trio

from bench.figures import Figure, Findings
from bench.plan import Plan
from bench.product.listener import Listener
from bench.product.town import Town, open_town
from bench.programs import Broken
from bench.stats import median, percentile

_SOCKETS_PER_PERSON = 5
_WARM_POSTS = 5
_POSTS_PER_ROUND = 10
_PAUSE_S = 0.02  # between posts: how fast one is, not how many fit
_ARRIVES_WITHIN_S = 10.0


async def run(plan: Plan, folder: Path) -> Findings:
    """Measure with the plan's number of sockets and posts."""
    return await trio.to_thread.run_sync(_run, plan, folder / "chat")


def _run(plan: Plan, folder: Path) -> Findings:
    people = -(-plan.chat_sockets // _SOCKETS_PER_PERSON)
    with open_town(folder, people) as town, ExitStack() as stack:
        tokens = [town.people[number % people].access_token for number in range(plan.chat_sockets)]
        listeners = [stack.enter_context(closing(Listener(town.server.port, token))) for token in tokens]
        poster = Poster(town, listeners)
        for _ in range(_WARM_POSTS):
            poster.post()
        rounds = [[poster.post() for _ in range(_POSTS_PER_ROUND)] for _ in range(plan.chat_rounds)]
    return Findings(figures=_figures(f"chat {plan.chat_sockets}-sockets", rounds))


def _figures(case: str, rounds: Sequence[Sequence[float]]) -> list[Figure]:
    middle = [median(posts) for posts in rounds]
    tail = [percentile(posts, 90) for posts in rounds]
    return [
        Figure(case=case, metric="post-to-last-p50", unit="ms", subject=middle),
        Figure(case=case, metric="post-to-last-p90", unit="ms", subject=tail),
    ]


class Poster:
    """One member who posts over a kept connection, and all sockets that should hear of it."""

    def __init__(self, town: Town, listeners: Sequence[Listener]) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", town.server.port, timeout=_ARRIVES_WITHIN_S)
        self._path = f"/api/messages/channel/{town.guild.text_id}"
        self._headers = {
            "Authorization": f"Bearer {town.people[0].access_token}",
            "Content-Type": "application/json",
        }
        self._selector = selectors.DefaultSelector()
        for listener in listeners:
            self._selector.register(listener, selectors.EVENT_READ, listener)

    def post(self) -> float:
        """Post a message; return the milliseconds until the last socket had it."""
        time.sleep(_PAUSE_S)
        text = f"bench {secrets.token_hex(8)}"
        body = json.dumps({"content": text})
        started_ns = time.time_ns()
        self._http.request("POST", self._path, body, self._headers)
        last_ns = self._last_arrival_ns(text.encode())
        with self._http.getresponse() as response:
            response.read()
            if response.status != 201:
                raise Broken(f"posting a message was answered with {response.status}")
        return (last_ns - started_ns) / 1e6

    def _last_arrival_ns(self, text: bytes) -> int:
        waiting = {key.fd for key in self._selector.get_map().values()}
        deadline = time.monotonic() + _ARRIVES_WITHIN_S
        last_ns = 0
        while waiting:
            if time.monotonic() > deadline:
                raise Broken(f"a message did not reach {len(waiting)} sockets")
            for key, _ in self._selector.select(timeout=1.0):
                arrival_ns = key.data.arrival_ns(text)
                if arrival_ns is not None:
                    waiting.discard(key.fd)
                    last_ns = max(last_ns, arrival_ns)
        return last_ns
