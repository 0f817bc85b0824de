"""People who publish and watch video in a media room under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.media.conftest import Stage
from tests.support.rtc_client import RtcClient, RtpPacket
from tests.support.rtc_video import Layer, seen
from voicechat.media import Layer as LayerName
from voicechat.media import LayerChanged, MediaEvent, OfferChanged, SlotsChanged, Withheld
from voicechat.rtc.sources import WEBCAM

LIMIT = 3_000_000


@dataclass
class Person:
    """Somebody in a room, who answers offers when told to."""

    stage: Stage
    user_id: str
    peer_id: str
    client: RtcClient
    revision: int = 1

    async def offered(self) -> OfferChanged:
        """Wait for the next offer, and let the client have it."""

        def is_next(event: MediaEvent) -> bool:
            return isinstance(event, OfferChanged) and (event.peer_id, event.revision) == (
                self.peer_id,
                self.revision + 1,
            )

        offer = await self.stage.events.wait_for(is_next)
        assert isinstance(offer, OfferChanged)
        self.revision += 1
        self.client.reoffered(offer.sdp)
        return offer

    async def renegotiates(self, **answer: Any) -> OfferChanged:
        """Wait for the next offer and answer it; `answer` as in `AnswerParts`."""
        offer = await self.offered()
        await self.stage.media.answer(self.peer_id, self.client.answer(**answer))
        await self.stage.settled()
        return offer

    async def publishes(self, *rids: str, source: str = WEBCAM, **how: Any) -> list[Layer]:
        """Publish a video in these layers, or in one without a name; return them."""
        self.stage.media.publish(self.peer_id, source, max_bits_per_s=LIMIT, **how)
        return await self.publishes_on(*rids, source=source)

    async def publishes_on(self, *rids: str, source: str = WEBCAM) -> list[Layer]:
        """Answer offers until one has a section for what was published; return its layers."""
        mid = None
        while mid is None:  # an offer of slots may be out yet
            offer = await self.renegotiates(rids=rids)
            mid = next((line.mid for line in offer.sends if line.source == source), None)
        return [Layer(self.client, mid, rid) for rid in rids or ("",)]

    def mid_of(self, user_id: str, source: str = WEBCAM) -> str | None:
        """Return the section in which this person was last told to get a stream."""
        told = [event for event in self.stage.events.of(SlotsChanged) if event.peer_id == self.peer_id]
        slots = told[-1].slots if told else ()
        return next((slot.mid for slot in slots if (slot.user_id, slot.source) == (user_id, source)), None)

    async def watches(self, user_id: str, source: str = WEBCAM) -> str:
        """Wait until this person is told where a stream comes; return the section."""
        await self.stage.events.wait_for(lambda _: self.mid_of(user_id, source) is not None)
        await self.stage.settled()
        mid = self.mid_of(user_id, source)
        assert mid is not None
        return mid

    async def shown(self, user_id: str, layer: LayerName | None, source: str = WEBCAM) -> None:
        """Wait until this person was last told that it gets this layer."""

        def last() -> list[LayerName | None]:
            told = self.stage.events.of(LayerChanged)
            return [event.layer for event in told if (event.peer_id, event.source_user_id, event.source)
                    == (self.peer_id, user_id, source)][-1:]  # fmt: skip

        await self.stage.events.wait_for(lambda _: last() == [layer])

    async def denied(self, user_id: str, reason: Withheld, source: str = WEBCAM) -> None:
        """Wait until this person was last told that it gets nothing, for this reason."""

        def is_last(_: MediaEvent) -> bool:
            told = [event for event in self.stage.events.of(LayerChanged)
                    if (event.peer_id, event.source_user_id, event.source)
                    == (self.peer_id, user_id, source)]  # fmt: skip
            return bool(told) and (told[-1].layer, told[-1].reason) == (None, reason)

        await self.stage.events.wait_for(is_last)

    async def sees(self, mid: str, colour: int) -> list[RtpPacket]:
        """Wait until pictures of this colour come in a section; return everything that came there."""

        def is_there() -> bool:
            packets = self.client.of_slot(mid)
            return bool(packets) and packets[-1].marker and abs(seen(packets)[-1] - colour) < 8

        await self.client.wait_until(is_there)
        return self.client.of_slot(mid)


async def person(stage: Stage, user_id: str, **how: Any) -> Person:
    """Let somebody in."""
    peer_id, client = await stage.connected(user_id, **how)
    return Person(stage, user_id, peer_id, client)
