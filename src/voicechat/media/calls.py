"""What the voice features call: joins, answers and leaves, who may speak and be seen, and how it goes.

Each call changes the tables of the media room at once and returns; what follows from it comes as events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import trio

from voicechat.errors import Conflict, Invalid, NotFound, Unavailable
from voicechat.media.figures import SlotStats
from voicechat.media.plane import Plane
from voicechat.media.stats import ConnectedPeer, PeerStats, peer_stats
from voicechat.rtc.candidates import require_candidate
from voicechat.rtc.layers import Preference
from voicechat.rtc.negotiation import OpusSettings, render_offer
from voicechat.rtc.peer import PeerState
from voicechat.rtc.rooms import Whisper

SETTLE_S = 5.0


class Media(Plane):
    """The media room as its callers see it; all methods belong to the Trio thread. Opened by `open_media`."""

    # ---- coming and going ------------------------------------------------------------------------

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
        self._streams.joined(endpoint)
        self._arm(endpoint)
        try:
            await self.settled()  # the client's first check must find its fragment known
        except BaseException:
            self._remove(endpoint)
            raise
        return render_offer(endpoint.peer.offer)

    async def answer(self, peer_id: str, sdp: str, *, revision: int | None = None) -> None:
        """Take the client's answer to the offer that is out, `revision` where the client says which.

        Raises Invalid for a bad one (it may answer again), Conflict when none or another is out, NotFound.
        """
        endpoint = self._endpoint(peer_id)
        endpoint.peer.answer(sdp, revision)
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

    # ---- who may be heard, by whom ---------------------------------------------------------------

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

    # ---- what is shown ---------------------------------------------------------------------------

    def publish(self, peer_id: str, source: str, *, max_bits_per_s: int, has_audio: bool = False) -> None:
        """Let the peer send a video, `webcam` or `screen_video:{id}`, and with `has_audio` its sound as well.

        An OfferChanged with a section for it follows. Those in its room are sent it as soon as it comes,
        unless they prefer otherwise; at most `max_bits_per_s` of it are passed on to each viewer. Raises
        NotFound when the peer is gone, Conflict when it publishes `source` already, Unavailable (VIDEO_FULL)
        when the engine has no room for more layers.
        """
        self._streams.publish(
            self._endpoint(peer_id), source, max_bits_per_s=max_bits_per_s, has_audio=has_audio
        )

    def unpublish(self, peer_id: str, source: str) -> None:
        """End a video and its sound; nothing happens when there is none. NotFound when the peer is gone."""
        self._streams.unpublish(self._endpoint(peer_id), source)

    def limit(self, peer_id: str, source: str, max_bits_per_s: int) -> None:
        """Pass on at most so much of a video from now on; NotFound when the peer or the video is gone."""
        self._streams.limit(self._endpoint(peer_id), source, max_bits_per_s)

    def gate_screen_audio(self, peer_id: str, is_closed: bool) -> None:
        """Hold back the sound of all screens the peer shares, now and later, or pass it on again.

        For whom the server muted or lets not speak; a mute of their own does not concern it. NotFound when
        the peer is gone.
        """
        self._streams.gate_sounds(self._endpoint(peer_id), is_closed)

    def prefer(self, peer_id: str, target_user_id: str, source: str, preference: Preference) -> None:
        """Send the peer at most this layer of what somebody in its room publishes, now or later.

        For `screen_audio:{id}` OFF means silence, and everything else means sound. NotFound when the peer is
        gone; somebody who is not there is no error.
        """
        self._streams.prefer(self._endpoint(peer_id), target_user_id, source, preference)

    # ---- how it goes -----------------------------------------------------------------------------

    def restart_ice(self, peer_id: str) -> None:
        """Let the client find a new way to us: an OfferChanged with new credentials follows.

        Media goes on as before until the client's first check with them. NotFound when the peer is gone.
        """
        endpoint = self._endpoint(peer_id)
        ufrag = endpoint.peer.restart_ice()
        self._guarded(endpoint, lambda: None)  # a fragment it retired makes room for the new one
        if ufrag is not None:
            self._engine.ufrag_add(endpoint.handle, ufrag.encode("ascii"))
        self._streams.offer(endpoint)

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
        pictures = set(endpoint.pictures)
        sounds = (slot for slot in endpoint.slots.values() if slot not in pictures)
        return peer_stats(counters, track, self._slot_stats(sounds), self._slot_stats(pictures))

    def _slot_stats(self, slots: Iterable[int]) -> list[SlotStats]:
        found = (self._engine.slot_stats(slot) for slot in slots)
        return [stats for stats in found if stats is not None]

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
