"""All drivers by name, in the order they are measured."""

from __future__ import annotations

from bench.peers.aiortc import AiortcPeer
from bench.peers.floor import FloorPeer
from bench.peers.galene import GalenePeer
from bench.peers.janus import JanusPeer
from bench.peers.livekit import LiveKitPeer
from bench.peers.mumble import MumblePeer
from bench.peers.ours import OursPeer
from bench.peers.peer import Peer

_DRIVERS: tuple[Peer, ...] = (
    FloorPeer(),
    OursPeer(),
    JanusPeer(),
    LiveKitPeer(),
    AiortcPeer(),
    MumblePeer(),
    GalenePeer(),
)
ALL = {driver.name: driver for driver in _DRIVERS}
