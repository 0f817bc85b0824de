"""All drivers by name, in the order they are measured."""

from __future__ import annotations

from bench.peers.aiortc import AiortcPeer
from bench.peers.floor import FloorPeer
from bench.peers.janus import JanusPeer
from bench.peers.livekit import LiveKitPeer
from bench.peers.mumble import MumblePeer
from bench.peers.ours import OursPeer
from bench.peers.peer import Peer

ALL: dict[str, Peer] = {
    peer.name: peer
    for peer in (FloorPeer(), OursPeer(), JanusPeer(), LiveKitPeer(), AiortcPeer(), MumblePeer())
}
