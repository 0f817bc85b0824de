"""What the private listener tells of the running server, gathered from every floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from voicechat.gateway import Gateway
from voicechat.house import House
from voicechat.web import Counters
from voicechat.web.metrics import Durations, Measure

_GAUGES = ("peers", "rooms")
"""Those of the media room's figures that go down as well as up."""


def measures(house: House, gateway: Gateway, web: Counters) -> Iterator[Measure | Durations]:
    """Read every figure as it is now."""
    media = house.media.counters()
    carried = {name: value for name, value in media.items() if name not in _GAUGES}
    yield _counted("media_events", "What the voice port carried and dropped.", carried)
    yield _gauge("voice_peers", "People with a voice session.", media["peers"])
    yield _gauge("voice_rooms", "Voice channels with somebody in.", media["rooms"])
    yield _durations(house, "residence", "From the kernel's stamp of a packet to the return of its send.")
    yield _durations(house, "wait", "From the kernel's stamp of a packet to its read.")
    yield _gauge("sockets", "Open WebSockets.", gateway.socket_count)
    yield _gauge("gateway_sessions", "Sessions, with a socket or awaiting one.", gateway.session_count)
    yield _counted("web_connections", "Connections to the web side.", asdict(web))
    yield _counted("bus_publications", "News for other nodes.", {"dropped": house.bus.dropped})


def _gauge(name: str, about: str, value: float) -> Measure:
    return Measure(f"voicechat_{name}", "gauge", about, [("", value)])


def _counted(name: str, about: str, events: Mapping[str, int]) -> Measure:
    values = [(f'event="{event}"', value) for event, value in sorted(events.items())]
    return Measure(f"voicechat_{name}_total", "counter", about, values)


def _durations(house: House, which: str, about: str) -> Durations:
    return Durations(f"voicechat_media_{which}_seconds", about, house.media.histogram(which))
