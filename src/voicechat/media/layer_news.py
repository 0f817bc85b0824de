"""Keeps viewers told what they are sent of each video, and why they are sent none of it.

The engine tells of a switch as it happens, but not again where its ring was full; why something is not sent
is nobody's event. So each look at the rates ends with a comparison of what a viewer was told and what is so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine
from voicechat.media.events import LayerChanged
from voicechat.rtc.layers import Layer, Withheld
from voicechat.rtc.peer import PeerState
from voicechat.rtc.routes import ShowStream
from voicechat.rtc.stage import Stage, StreamKey


class LayerNews:
    """What each viewer was told last is in its endpoint, and written here."""

    def __init__(
        self, engine: Engine, endpoints: Mapping[str, Endpoint], tell: Callable[[LayerChanged], None]
    ) -> None:
        self._engine = engine
        self._endpoints = endpoints
        self._tell = tell

    def switched(self, viewer: Endpoint, publishers: Iterable[Endpoint], track: int) -> None:
        """Tell a viewer that it is sent another layer of somebody's video from now on."""
        for publisher in publishers:
            for source in publisher.published:
                for sent in publisher.sent_as(source):
                    if sent.track == track and sent.layer is not None:
                        self._say(viewer, (publisher.peer_id, source), sent.layer)

    def paused(self, command: ShowStream) -> None:
        """Tell a viewer that a stream is paused, for want of room in its network."""
        key = command.publisher, command.source
        self._say(self._endpoints[command.subscriber], key, Withheld.BANDWIDTH)

    def remind(self, viewer: Endpoint, stage: Stage, due: Mapping[StreamKey, Layer | Withheld]) -> None:
        """Tell a viewer what it does not know yet of what it is `due`.

        While an offer is out nobody knows what the viewer will take.
        """
        if viewer.peer.state is not PeerState.CONNECTED or viewer.peer.negotiation.is_out:
            return
        viewer.told = {key: what for key, what in viewer.told.items() if key in due}
        for key, what in due.items():
            if viewer.told.get(key) == what:
                continue
            is_so = what if isinstance(what, Withheld) else self._sent(viewer, stage, key)
            if is_so is not None and viewer.told.get(key) != is_so:
                self._say(viewer, key, is_so)

    def _sent(self, viewer: Endpoint, stage: Stage, key: StreamKey) -> Layer | None:
        """Return the layer that feeds a viewer's slot, as the engine's statistics show it."""
        mid = stage.mid_of(viewer.peer_id, key)
        slot = None if mid is None else self._engine.slot_stats(viewer.slots[mid])
        sent = self._endpoints[key[0]].sent_as(key[1])
        return next((each.layer for each in sent if slot is not None and each.track == slot.track), None)

    def _say(self, viewer: Endpoint, key: StreamKey, what: Layer | Withheld) -> None:
        viewer.told[key] = what
        layer, reason = (what, None) if isinstance(what, Layer) else (None, what)
        user_id = self._endpoints[key[0]].user_id
        self._tell(LayerChanged(viewer.room_id, viewer.peer_id, user_id, key[1], layer, reason))
