"""The media room: joins, answers and leaves go in, events come out, the engine does what was decided.

Owns every peer, room and deadline. Three things drive it: the calls of the voice features, the records
of the engine, and the clock. Each ends in `_pump`, which drains the peer's events (addresses and keys go
to the engine first) and then its datagrams, and arms its deadline anew. What goes wrong inside one peer
ends that peer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import trio

from voicechat.errors import NotFound, Unavailable
from voicechat.logs import get_logger
from voicechat.media.deadlines import Deadlines
from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine, EngineError, pack_addr, unpack_addr
from voicechat.media.events import MediaEvent, PeerConnected, PeerLost, SlotsChanged, Speaking
from voicechat.media.records import (
    Dtls,
    Estimated,
    FlowClosed,
    LayerSwitched,
    Limited,
    Losses,
    Moved,
    Record,
    Refused,
    Stray,
    Stun,
)
from voicechat.media.records import Speaking as SpeakingRecord
from voicechat.media.redundancy import follow_losses
from voicechat.media.routes import mirror
from voicechat.media.streams import Streams
from voicechat.media.tcp import TcpDoor
from voicechat.rtc.dtls import DtlsIdentity
from voicechat.rtc.ice import new_credentials
from voicechat.rtc.negotiation import OpusSettings, new_offer
from voicechat.rtc.peer import (
    Connected,
    Gone,
    GoneReason,
    Peer,
    PeerTimers,
    Renegotiated,
    TupleAdded,
)
from voicechat.rtc.rooms import Rooms
from voicechat.rtc.routes import Changes, ShowStream

log = get_logger("media")

EVENT_BUFFER = 16_384
BUDGET_S = 0.004  # a storm of handshakes (0.8-2 ms each) lets the web side run every few milliseconds


class Plane:
    """Peers, rooms and what drives them; all methods belong to the Trio thread."""

    def __init__(
        self,
        engine: Engine,
        door: TcpDoor,
        *,
        candidates: Sequence[str],
        slots: int,
        room_peers: int,
        video_slots: int,
        timers: PeerTimers | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._door = door
        self._identity = DtlsIdentity()
        self._candidates = tuple(candidates)
        self._slots = slots
        self._room_peers = room_peers
        self._timers = timers or PeerTimers()
        self._now = now
        self._is_open = True
        self._endpoints: dict[str, Endpoint] = {}
        self._by_handle: dict[int, Endpoint] = {}
        self._rooms = Rooms()
        self._streams = Streams(
            engine,
            self._endpoints,
            video_slots=video_slots,
            apply=self._apply,
            tell=self._tell,
            now=now,
        )
        self._deadlines = Deadlines()
        self._rearmed = trio.Event()
        self._events_in, self.events = trio.open_memory_channel[MediaEvent](EVENT_BUFFER)
        self._counts = {"events_dropped": 0, "commands_refused": 0, "peers_failed": 0}

    @property
    def is_open(self) -> bool:
        """Whether peers are let in: from the opening until the room begins to close."""
        return self._is_open

    # ---- who is here ------------------------------------------------------------------------------

    def _admit(
        self, room_id: str, peer_id: str, user_id: str, slots: int, opus: OpusSettings | None
    ) -> Endpoint:
        offer = new_offer(
            ice=new_credentials(),
            fingerprint=self._identity.fingerprint,
            candidates=self._candidates,
            slots=slots,
            opus=opus,
        )
        try:
            handle = self._engine.peer_add()
            self._engine.ufrag_add(handle, offer.ice.ufrag.encode("ascii"))
        except EngineError as problem:
            raise Unavailable(f"the media engine takes no more peers: {problem}") from problem
        peer = Peer(offer, self._identity, self._now(), self._timers, tag=handle.to_bytes(4, "big"))
        endpoint = Endpoint(peer_id, room_id, user_id, handle, peer)
        self._endpoints[peer_id] = self._by_handle[handle] = endpoint
        return endpoint

    def _known(self, peer_id: str) -> str:
        """Return the id of a peer that is here; NotFound when it is gone."""
        return self._endpoint(peer_id).peer_id

    def _endpoint(self, peer_id: str) -> Endpoint:
        try:
            return self._endpoints[peer_id]
        except KeyError:
            raise NotFound(f"no voice session {peer_id}") from None

    # ---- what drives it --------------------------------------------------------------------------

    async def run_records(self) -> None:
        """Take the engine's records, a few milliseconds of work between checkpoints, for ever."""
        while True:
            await self._engine.wait_readable()
            while records := self._engine.drain():
                await self._take_all(records)

    async def _take_all(self, records: Iterable[Record]) -> None:
        until = self._now() + BUDGET_S
        for record in records:
            self._take(record)
            if self._now() >= until:
                await trio.lowlevel.checkpoint()
                until = self._now() + BUDGET_S
        await trio.lowlevel.checkpoint()

    def _take(self, record: Record) -> None:
        if isinstance(record, Refused):
            self._counts["commands_refused"] += 1
            log.warning("engine_refused", op=record.op, status=record.status, peer=record.peer)
            return
        if isinstance(record, FlowClosed):
            self._door.closed(unpack_addr(record.addr))
        endpoint = self._by_handle.get(getattr(record, "peer", -1))
        if endpoint is None:
            return
        peer = endpoint.peer
        match record:
            case Stun(addr=addr, data=data):
                self._guarded(endpoint, lambda: peer.receive_stun(data, unpack_addr(addr), self._now()))
            case Dtls(addr=addr, data=data):
                self._guarded(endpoint, lambda: peer.receive_dtls(data, unpack_addr(addr), self._now()))
            case Stray(addr=addr):
                self._guarded(endpoint, lambda: peer.stray(unpack_addr(addr), self._now()))
            case Moved(addr=addr):
                peer.moved(unpack_addr(addr))
            case FlowClosed(addr=addr):
                self._guarded(endpoint, lambda: peer.lost(unpack_addr(addr), self._now()))
            case LayerSwitched(track=track):
                self._streams.switched(endpoint, track)
            case Estimated(bits_per_s=bits_per_s):
                self._streams.estimated(endpoint, bits_per_s)
            case Limited(bits_per_s=bits_per_s):
                self._streams.limited(endpoint, bits_per_s)
            case Losses():
                follow_losses(self._engine, endpoint, record, self._now())
            case SpeakingRecord(is_speaking=is_speaking):
                self._guarded(endpoint, lambda: self._hear(endpoint, is_speaking))
            case _:
                pass  # a BYE ends nothing: the SSRC may come back

    def _hear(self, endpoint: Endpoint, is_speaking: bool) -> None:
        self._announce_speaking(endpoint, is_speaking)
        self._apply(self._rooms.set_speaking(endpoint.peer_id, is_speaking, self._now()))

    async def run_video(self) -> None:
        """Choose what viewers of video get, for ever."""
        await self._streams.run()

    async def run_clock(self) -> None:
        """Wake peers whose deadline has come, for ever."""
        while True:
            self._rearmed = trio.Event()
            next_at = self._deadlines.next_at()
            with trio.move_on_after(float("inf") if next_at is None else max(0.0, next_at - self._now())):
                await self._rearmed.wait()
            for peer_id in self._deadlines.due(self._now()):
                self._expire(self._endpoints[peer_id])

    def _expire(self, endpoint: Endpoint) -> None:
        def act() -> None:
            endpoint.learn_last_heard(self._engine)
            endpoint.peer.handle_timeout(self._now())

        self._guarded(endpoint, act)

    def _guarded(self, endpoint: Endpoint, act: Callable[[], None]) -> None:
        """Run a step of one peer and what follows; a fault of ours ends that peer alone."""
        try:
            act()
            self._pump(endpoint)
        except Exception:
            self._counts["peers_failed"] += 1
            log.exception("peer_failed", peer=endpoint.peer_id, state=endpoint.peer.state.value)
            self._lose(endpoint, GoneReason.ERROR)

    def _pump(self, endpoint: Endpoint) -> None:
        for event in endpoint.peer.poll_events():
            endpoint.mirror(self._engine, event)
            match event:
                case TupleAdded(address):
                    self._door.proved(address)
                case Connected():
                    self._connect(endpoint, event)
                case Renegotiated(answer):
                    self._streams.answered(endpoint, answer)
                case Gone(reason, detail):
                    log.info("peer_gone", peer=endpoint.peer_id, reason=reason.value, detail=detail)
                    self._lose(endpoint, reason)
                    return
                case _:
                    pass
        self._send(endpoint)
        self._arm(endpoint)

    def _connect(self, endpoint: Endpoint, connected: Connected) -> None:
        self._tell(PeerConnected(endpoint.peer_id))
        publishes, slot_mids = endpoint.track is not None, connected.answer.slot_mids
        self._apply(self._rooms.connect(endpoint.peer_id, publishes=publishes, slot_mids=slot_mids))
        self._streams.connected(endpoint)

    def _send(self, endpoint: Endpoint) -> None:
        for datagram, address in endpoint.peer.poll_transmits():
            self._engine.send(pack_addr(*address), datagram)

    def _arm(self, endpoint: Endpoint) -> None:
        if self._deadlines.arm(endpoint.peer_id, endpoint.peer.deadline(self._now())):
            self._rearmed.set()

    # ---- ends ------------------------------------------------------------------------------------

    def _lose(self, endpoint: Endpoint, reason: GoneReason) -> None:
        if self._endpoints.get(endpoint.peer_id) is endpoint:
            self._remove(endpoint)
            self._tell(PeerLost(endpoint.peer_id, reason))

    def _remove(self, endpoint: Endpoint) -> None:
        """Take a peer out of its room and out of the engine, saying goodbye to it."""
        if self._endpoints.get(endpoint.peer_id) is not endpoint:
            return
        self._say_goodbye(endpoint)
        del self._endpoints[endpoint.peer_id], self._by_handle[endpoint.handle]
        self._deadlines.arm(endpoint.peer_id, None)
        self._announce_speaking(endpoint, False)  # the engine ends a track without a word
        self._apply(self._rooms.leave(endpoint.peer_id))
        self._streams.left(endpoint)
        try:
            self._engine.peer_del(endpoint.handle)
        except EngineError as problem:  # the media thread is stuck: lose a handle rather than everything
            log.error("peer_not_deleted", peer=endpoint.peer_id, problem=str(problem))

    def _say_goodbye(self, endpoint: Endpoint) -> None:
        endpoint.peer.close()
        self._send(endpoint)

    def close(self) -> None:
        """Say goodbye to everybody and let nobody in any more; the engine is the opener's to stop."""
        self._is_open = False
        for endpoint in list(self._endpoints.values()):
            self._say_goodbye(endpoint)
        self._events_in.close()

    # ---- mirroring -------------------------------------------------------------------------------

    def _apply(self, changes: Changes) -> None:
        self._counts["commands_refused"] += mirror(self._engine, self._endpoints, changes.commands)
        for peer_id in changes.rearranged:
            slots = (*self._rooms.slots_of(peer_id), *self._streams.slots_of(self._endpoints[peer_id]))
            self._tell(SlotsChanged(self._rooms.room_of(peer_id), peer_id, slots))
        for command in changes.commands:
            if isinstance(command, ShowStream) and command.layer is None:
                self._streams.paused(command)

    def _announce_speaking(self, endpoint: Endpoint, is_speaking: bool) -> None:
        if endpoint.is_speaking != is_speaking:
            endpoint.is_speaking = is_speaking
            self._tell(Speaking(endpoint.room_id, endpoint.user_id, is_speaking))

    def _tell(self, event: MediaEvent) -> None:
        """Pass an event on; what does not fit the buffer, which holds seconds of a storm, is counted."""
        try:
            self._events_in.send_nowait(event)
        except trio.WouldBlock:
            self._counts["events_dropped"] += 1
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the reader has gone home, or we have closed: the server is shutting down
