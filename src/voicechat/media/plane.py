"""The media room: joins, answers and leaves go in, events come out, the engine does what was decided.

Owns every peer, room and deadline. Three things drive it: the calls of the voice features, the records
of the engine, and the clock. Each ends in `_pump`, which drains the peer's events (addresses and keys go
to the engine first) and then its datagrams, and arms its deadline anew. What goes wrong inside one peer
ends that peer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence

import trio

from voicechat.errors import Conflict, Invalid, NotFound, Unavailable
from voicechat.logs import get_logger
from voicechat.media.deadlines import Deadlines
from voicechat.media.endpoint import Endpoint
from voicechat.media.engine import Engine, EngineError, pack_addr, unpack_addr
from voicechat.media.events import MediaEvent, PeerConnected, PeerLost, SlotsChanged, Speaking
from voicechat.media.records import Dtls, FlowClosed, Moved, Record, Refused, Stun
from voicechat.media.records import Speaking as SpeakingRecord
from voicechat.media.routes import mirror
from voicechat.media.stats import ConnectedPeer, PeerStats, peer_stats
from voicechat.media.tcp import TcpDoor
from voicechat.rtc.candidates import require_candidate
from voicechat.rtc.dtls import DtlsIdentity
from voicechat.rtc.ice import new_credentials
from voicechat.rtc.layers import Preference
from voicechat.rtc.negotiation import OpusSettings, new_offer, render_offer
from voicechat.rtc.peer import Connected, Gone, GoneReason, Peer, PeerState, PeerTimers, TupleAdded
from voicechat.rtc.rooms import Rooms, Whisper
from voicechat.rtc.routes import Changes

log = get_logger("media")

EVENT_BUFFER = 16_384
BUDGET_S = 0.004  # a storm of handshakes (0.8-2 ms each) lets the web side run every few milliseconds
SETTLE_S = 5.0


class Media:
    """What the voice features call; all methods belong to the Trio thread. Opened by `open_media`."""

    def __init__(
        self,
        engine: Engine,
        door: TcpDoor,
        *,
        candidates: Sequence[str],
        slots: int,
        room_peers: int,
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
        self._deadlines = Deadlines()
        self._rearmed = trio.Event()
        self._events_in, self.events = trio.open_memory_channel[MediaEvent](EVENT_BUFFER)
        self._counts = {"events_dropped": 0, "commands_refused": 0, "peers_failed": 0}

    @property
    def is_open(self) -> bool:
        """Whether peers are let in: from the opening until the room begins to close."""
        return self._is_open

    # ---- calls of the voice features -------------------------------------------------------------

    async def join(
        self,
        *,
        room_id: str,
        peer_id: str,
        user_id: str,
        may_speak: bool,
        slots: int | None = None,
        opus: OpusSettings | None = None,
    ) -> str:
        """Let a peer into a room and return the SDP offer for it; `peer_id` is new for every join.

        `opus` is how it is asked to encode. Raises Conflict for a known peer or a full room, Unavailable
        when the server has no room for more.
        """
        if not self._is_open:
            raise Unavailable("the voice server is shutting down")
        if peer_id in self._endpoints:
            raise Conflict(f"expected a new peer, got {peer_id} which is in a room already")
        if self._rooms.size(room_id) >= self._room_peers:
            raise Conflict(f"the voice room is full: {self._room_peers} are in it", code="ROOM_FULL")
        if slots is not None and not 1 <= slots <= self._slots:
            raise Invalid(f"expected 1 to {self._slots} slots, got {slots}")
        endpoint = self._admit(room_id, peer_id, user_id, slots or self._slots, opus)
        self._rooms.join(room_id, peer_id, user_id, may_speak=may_speak)
        self._arm(endpoint)
        try:
            await self.settled()  # the client's first check must find its fragment known
        except BaseException:
            self._remove(endpoint)
            raise
        return render_offer(endpoint.peer.offer)

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
        peer = Peer(offer, self._identity, self._now(), self._timers)
        try:
            handle = self._engine.peer_add()
            self._engine.ufrag_add(handle, offer.ice.ufrag.encode("ascii"))
        except EngineError as problem:
            raise Unavailable(f"the media engine takes no more peers: {problem}") from problem
        endpoint = Endpoint(peer_id, room_id, user_id, handle, peer)
        self._endpoints[peer_id] = self._by_handle[handle] = endpoint
        return endpoint

    async def answer(self, peer_id: str, sdp: str, *, revision: int | None = None) -> None:
        """Take the client's answer to the offer that is out, `revision` where the client says which.

        Raises Invalid for a bad one (it may answer again), Conflict when none or another is out, NotFound.
        """
        endpoint = self._endpoint(peer_id)
        if revision not in (None, 1):
            raise Conflict(f"expected an answer to offer 1, got one to {revision}", code="STALE_ANSWER")
        endpoint.peer.answer(sdp)
        self._guarded(endpoint, lambda: None)
        await trio.lowlevel.checkpoint()

    def add_candidate(self, peer_id: str, candidate: str) -> None:
        """Check a candidate and leave it at that: the client's addresses show by its checks (ICE-lite)."""
        self._endpoint(peer_id)
        require_candidate(candidate)

    async def leave(self, peer_id: str) -> None:
        """Let a peer go, with a goodbye; nothing happens if it is gone already."""
        endpoint = self._endpoints.get(peer_id)
        if endpoint is not None:
            self._remove(endpoint)
        await trio.lowlevel.checkpoint()

    async def settled(self) -> None:
        """Wait until the engine does all that was asked of it so far; Unavailable when it does not answer."""
        with trio.move_on_after(SETTLE_S) as patience:
            await self._engine.settled()
        if patience.cancelled_caught:
            raise Unavailable("the media engine does not answer")

    def set_muted(self, peer_id: str, muted: bool) -> None:
        """Stop or go on forwarding what the peer says; NotFound when it is gone."""
        self._apply(self._rooms.set_muted(self._known(peer_id), muted))

    def set_deafened(self, peer_id: str, deafened: bool) -> None:
        """Stop or go on forwarding in both directions; NotFound when the peer is gone."""
        self._apply(self._rooms.set_deafened(self._known(peer_id), deafened))

    def set_may_speak(self, peer_id: str, may_speak: bool) -> None:
        """Give or take the right to speak, and the slots with it; NotFound when the peer is gone."""
        self._apply(self._rooms.set_may_speak(self._known(peer_id), may_speak))

    def set_priority(self, peer_id: str, is_priority: bool) -> None:
        """Make the peer one who has a slot wherever slots are short, or not; NotFound when it is gone."""
        self._apply(self._rooms.set_priority(self._known(peer_id), is_priority))

    def whisper(self, peer_id: str, whisper: Whisper | None) -> None:
        """Forward what the peer says to these alone, or with None to its room again.

        It holds once `settled` returns. Raises NotFound when the peer is gone.
        """
        self._apply(self._rooms.whisper(self._known(peer_id), whisper))

    def listen(self, peer_id: str, room_ids: Collection[str]) -> None:
        """Let the peer hear these rooms besides its own.

        Raises NotFound when it is gone, Conflict when as many listen in already as may be in a room.
        """
        for room_id in frozenset(room_ids) - self._rooms.listened_by(self._known(peer_id)):
            if self._rooms.listeners(room_id) >= self._room_peers:
                raise Conflict("too many listen in to that room", code="CHANNEL_FULL")
        self._apply(self._rooms.listen(peer_id, room_ids))

    def publish(self, peer_id: str, source: str, *, max_bits_per_s: int, has_audio: bool = False) -> None:
        """Let the peer send a video, `webcam` or `screen_video:{id}`, and with `has_audio` its sound as well.

        An OfferChanged with a section for it follows. Those in its room are sent it as soon as it comes,
        unless they prefer otherwise; at most `max_bits_per_s` of it are passed on. Raises NotFound when the
        peer is gone, Conflict when it publishes `source` already, Unavailable when the server has no room.
        """
        self._known(peer_id)
        raise Unavailable("video is not there yet")

    def unpublish(self, peer_id: str, source: str) -> None:
        """End a video and its sound; nothing happens when there is none. NotFound when the peer is gone."""
        self._known(peer_id)
        raise Unavailable("video is not there yet")

    def limit(self, peer_id: str, source: str, max_bits_per_s: int) -> None:
        """Pass on at most so much of a video from now on; NotFound when the peer or the video is gone."""
        self._known(peer_id)
        raise Unavailable("video is not there yet")

    def gate_screen_audio(self, peer_id: str, is_closed: bool) -> None:
        """Hold back the sound of all screens the peer shares, now and later, or pass it on again.

        For whom the server muted or lets not speak; a mute of their own does not concern it. NotFound when
        the peer is gone.
        """
        self._known(peer_id)
        raise Unavailable("video is not there yet")

    def prefer(self, peer_id: str, target_user_id: str, source: str, preference: Preference) -> None:
        """Send the peer at most this layer of what somebody in its room publishes, now or later.

        For `screen_audio:{id}` OFF means silence, and everything else means sound. NotFound when the peer is
        gone; somebody who is not there is no error.
        """
        self._known(peer_id)
        raise Unavailable("video is not there yet")

    def restart_ice(self, peer_id: str) -> None:
        """Let the client find a new way to us: an OfferChanged with new credentials follows.

        Media goes on as before until the client's first check with them. NotFound when the peer is gone.
        """
        self._known(peer_id)
        raise Unavailable("an ICE restart is not there yet")

    def last_heard_s(self, peer_id: str) -> float | None:
        """Return the seconds since the peer's last authenticated packet; None when there was none."""
        endpoint = self._endpoint(peer_id)
        endpoint.learn_last_heard(self._engine)
        heard = endpoint.peer.ice.last_heard
        return None if heard is None else max(0.0, self._now() - heard)

    def stats(self, peer_id: str) -> PeerStats:
        """Return how well the peer is connected; NotFound when it is gone or just came."""
        endpoint, engine = self._endpoint(peer_id), self._engine
        counters = engine.peer_stats(endpoint.handle)
        if counters is None:
            raise NotFound(f"no media of peer {peer_id}")
        track = None if endpoint.track is None else engine.track_stats(endpoint.track)
        slots = (engine.slot_stats(slot) for slot in endpoint.slots.values())
        return peer_stats(counters, track, [slot for slot in slots if slot is not None])

    def connected(self) -> list[ConnectedPeer]:
        """List whose media flows."""
        return [
            ConnectedPeer(endpoint.peer_id, endpoint.user_id, endpoint.room_id)
            for endpoint in self._endpoints.values()
            if endpoint.peer.state is PeerState.CONNECTED
        ]

    def counters(self) -> dict[str, int]:
        """Return the engine's counters and our own, by name."""
        return {
            **self._engine.counters(),
            **self._counts,
            **self._door.counts,
            "peers": len(self._endpoints),
            "rooms": len(self._rooms),
        }

    def histogram(self, which: str = "residence") -> list[tuple[int, int]]:
        """Return (least nanoseconds, count) of each bucket of "residence" or "wait"."""
        return self._engine.histogram(which)

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
            case Moved(addr=addr):
                peer.moved(unpack_addr(addr))
            case FlowClosed(addr=addr):
                self._guarded(endpoint, lambda: peer.lost(unpack_addr(addr), self._now()))
            case SpeakingRecord(is_speaking=is_speaking):
                self._guarded(endpoint, lambda: self._hear(endpoint, is_speaking))
            case _:
                pass  # a BYE ends nothing: the SSRC may come back

    def _hear(self, endpoint: Endpoint, is_speaking: bool) -> None:
        self._announce_speaking(endpoint, is_speaking)
        self._apply(self._rooms.set_speaking(endpoint.peer_id, is_speaking, self._now()))

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
            self._tell(SlotsChanged(self._rooms.room_of(peer_id), peer_id, self._rooms.slots_of(peer_id)))

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
