"""A long way that loses packets: what is asked for comes too late, what the next packets carry does not.

Measured with 120 ms each way and 15 % loss, over six times four seconds:

                            without redundancy     with
    concealed               4.5 - 11.3 %           0 - 1.2 %
    in the jitter buffer    240 - 330 ms           140 - 165 ms
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.netem.call import Call, Heard
from tests.support.browser import voice_stats
from tests.support.impaired_network import Impairment
from tests.support.waiting import eventually

pytestmark = pytest.mark.browser

SECONDS = 5.0
MOST_CONCEALED = 0.04


def test_a_listener_behind_a_long_lossy_way_is_sent_redundancy(call: Call) -> None:
    call.link.impairment = Impairment(delay_ms=120.0, loss=0.15)
    eventually(
        lambda: _times_what_was_said(call) > 1.8,
        "packets carry those before them as well",
        within_s=40.0,
        pause=call.let_pass,
    )
    heard = call.listen_until(_is_whole, SECONDS)
    print(f"over a long lossy way: {heard}")
    assert _is_whole(heard), heard


def _is_whole(heard: Heard) -> bool:
    return heard["down"].packets > 40 * SECONDS and heard["down"].concealed < MOST_CONCEALED


def _times_what_was_said(call: Call) -> float:
    """How many times the bytes of Ann's packets those take that Bob gets of her, just now."""
    before = _sums(call)
    call.let_pass(1.0)
    after = _sums(call)
    said, got = (
        (b.bytes - a.bytes) / max(1, b.packets - a.packets) for a, b in zip(before, after, strict=True)
    )
    return got / max(1.0, said)


@dataclass(frozen=True)
class _Sum:
    packets: int
    bytes: int


def _sums(call: Call) -> tuple[_Sum, _Sum]:
    [sent] = voice_stats(call.ann.page, "outbound-rtp")
    [got] = call.bob.received()
    return (
        _Sum(sent["packetsSent"], sent["bytesSent"]),
        _Sum(got["packetsReceived"], got["bytesReceived"]),
    )
