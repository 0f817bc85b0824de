"""The native media engine as a Python object: the only importer of the compiled module.

Long, because it has one method for each function of native/include/vc_engine.h.

One `Engine` belongs to the Trio thread; `run()` alone is called in a thread of its own, where it stays,
without the GIL, until `stop()`. Commands are queued and applied in order within microseconds: the methods
return at once, `await settled()` waits until everything queued so far holds. A command that fails comes out
of `drain()` as Refused.

Handles (peer, track, slot) are small ints. They are reused only after the engine acknowledged the deletion,
so a record never speaks of a previous owner. SRTP sessions are held here until the engine has let go of them.

Addresses are `records.Addr`: 16 bytes of IPv6 (IPv4 mapped), two of port, one of transport. Times are in
microseconds of `time.monotonic()`.
"""

from __future__ import annotations

import ctypes
import ipaddress
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pylibsrtp
import trio
from pylibsrtp import _binding as _srtp_binding

import voicechat._native as _native
from voicechat.media.figures import PeerStats, SlotStats, TrackStats
from voicechat.media.local_address import chosen_by_route, leaving_from
from voicechat.media.records import (
    Ack,
    Addr,
    Record,
    Refused,
    is_tcp,
    names_local,
    pack_addr,
    parse_records,
    unpack_addr,
)
from voicechat.rtc.ice import canonical_address
from voicechat.rtc.negotiation.codecs import (
    MID_EXTENSION,
    OPUS_PT,
    RID_EXTENSION,
    STEREO_PT,
    TRANSPORT_EXTENSION,
    VIDEO_CODECS,
)

_lib: Any = _native.lib
_ffi: Any = _native.ffi

_POP_BYTES = 1 << 18
_STREAM_FUNCTIONS = ("add_stream", "remove_stream", "get_stream_roc", "set_stream_roc")
_SCHEDULING = {0: "pending", 1: "fifo", 2: "slice", 3: "default"}


#: For `track_add`, where a client does not say under which SSRC it will send.
UNNAMED_SSRC = 0


class EngineError(Exception):
    """The engine refused: `name` is its status (RANGE, FULL, EXISTS, NOT_FOUND, LIMIT, STATE, NOMEM)."""

    def __init__(self, name: str, doing: str) -> None:
        super().__init__(f"{doing}: {name}")
        self.name = name


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Sizes and rates fixed when the engine is made; memory is touched only when used.

    `audio_per_s` packets of one audio track are passed on, twice as many in a burst (a stalled network lets
    go at once what it held back); frames of 10 ms are 100 a second. 0 lifts the limit.
    """

    max_peers: int = 1024
    max_tracks: int = 2048
    max_slots: int = 65536
    max_receivers: int = 512
    max_flows: int = 512
    ring_bytes: int = 1 << 20
    command_depth: int = 8192
    stun_per_s: int = 2000
    audio_per_s: int = 250
    max_video_tracks: int = 512
    max_video_slots: int = 4096


class _Held:
    """What one peer owns here: handles to give back and sessions to keep alive."""

    def __init__(self) -> None:
        self.tracks: set[int] = set()
        self.slots: set[int] = set()
        self.sessions: tuple[object, ...] = ()
        self.is_leaving = False


class _Handles:
    """Free numbers below a limit."""

    def __init__(self, limit: int, kind: str) -> None:
        self._kind, self._limit, self._next, self._free = kind, limit, 0, list[int]()

    def take(self) -> int:
        if self._free:
            return self._free.pop()
        if self._next == self._limit:
            raise EngineError("LIMIT", f"no {self._kind} handle left of {self._limit}")
        self._next += 1
        return self._next - 1

    @property
    def left(self) -> int:
        return self._limit - self._next + len(self._free)

    def give_back(self, handle: int) -> None:
        self._free.append(handle)


def open_udp(host: str, port: int, *, reuse_address: bool = False) -> socket.socket:
    """Return a bound UDP socket; IPv6 ones are v6-only, so a pair can share the port. OSError when taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse_address:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


class Engine:
    """Sockets, routes and statistics of the media plane; see the module's docstring for who may call what."""

    def __init__(self, sockets: Sequence[socket.socket], limits: EngineLimits | None = None) -> None:
        """Take one or two bound UDP sockets (`open_udp`); the caller closes them, after `close()`."""
        self._limits = limits = limits or EngineLimits()
        self._sockets = {sock.family: sock for sock in sockets}
        if not sockets or len(self._sockets) != len(sockets):
            raise ValueError("expected one or two UDP sockets of different families")
        self._engine = _lib.vc_engine_new(self._config(limits))
        if self._engine == _ffi.NULL:
            raise EngineError("NOMEM", f"making an engine with {limits}")
        self._peers: dict[int, _Held] = {}
        self._peer_handles = _Handles(limits.max_peers, "peer")
        self._track_handles = _Handles(limits.max_tracks, "track")
        self._slot_handles = _Handles(limits.max_slots, "slot")
        self._video_tracks: set[int] = set()
        self._video_slots: set[int] = set()
        self._waiting: dict[int, Callable[[int], None]] = {}
        self._token = 0
        self._buffer = bytearray(_POP_BYTES)
        self._c_buffer = _ffi.from_buffer(self._buffer)

    def _config(self, limits: EngineLimits) -> Any:
        config = _ffi.new("vc_config *")
        for name in EngineLimits.__dataclass_fields__:
            setattr(config, name, getattr(limits, name))
        v4, v6 = self._sockets.get(socket.AF_INET), self._sockets.get(socket.AF_INET6)
        config.udp4_fd = -1 if v4 is None else v4.fileno()
        config.udp6_fd = -1 if v6 is None else v6.fileno()
        config.hash_key = list(secrets.token_bytes(16))
        for codec in VIDEO_CODECS:
            config.payload_codecs[codec.pt] = getattr(_lib, f"VC_CODEC_{codec.name}")
            config.payload_rtx[codec.pt] = codec.rtx_pt
        for pt in (OPUS_PT, STEREO_PT):
            config.payload_codecs[pt] = _lib.VC_CODEC_OPUS
        config.mid_ext, config.rid_ext = MID_EXTENSION, RID_EXTENSION
        config.transport_ext = TRANSPORT_EXTENSION
        for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp", "create", "dealloc"):
            setattr(config, name, _srtp_function(f"srtp_{name}"))
        for name in _STREAM_FUNCTIONS:
            setattr(config, name, _srtp_symbol(f"srtp_{name}"))
        return config

    # ---- life ----

    def run(self) -> None:
        """Run the media loop until `stop()`: call it in a thread, e.g. by `trio.to_thread.run_sync`."""
        _check(_lib.vc_engine_run(self._engine), "running the media loop")

    def stop(self) -> None:
        """Make `run()` return; any thread, any time."""
        _lib.vc_engine_stop(self._engine)

    def close(self) -> None:
        """Free the engine and the SRTP sessions it held; only after `run()` returned."""
        if self._engine != _ffi.NULL:
            _check(_lib.vc_engine_free(self._engine), "freeing the engine")
            self._engine = _ffi.NULL
            self._peers.clear()

    @property
    def scheduling(self) -> str:
        """What the kernel gave the media thread: "fifo", "slice", "default"; "pending" before it runs."""
        return _SCHEDULING[_lib.vc_engine_sched(self._engine)]

    # ---- records ----

    async def wait_readable(self) -> None:
        """Wait until the engine has something to tell, then `drain()`."""
        if _lib.vc_engine_has_records(self._engine):
            await trio.lowlevel.checkpoint()
            return
        await trio.lowlevel.wait_readable(_lib.vc_engine_wakeup_fd(self._engine))
        _lib.vc_engine_clear_wakeup(self._engine)

    def drain(self) -> list[Record]:
        """Return a batch of records (at most 256 KiB), empty when there is none; acks are consumed here.

        Call it until it returns an empty list, with a checkpoint between, before the next `wait_readable()`.
        """
        records: list[Record] = []
        while not records:
            length = _lib.vc_engine_pop(self._engine, self._c_buffer, _POP_BYTES)
            if length == 0:
                break
            for record in parse_records(memoryview(self._buffer)[:length]):
                if isinstance(record, Ack):
                    self._acknowledged(record)
                else:
                    records.append(record)
        return records

    def _acknowledged(self, ack: Ack) -> None:
        callback = self._waiting.pop(ack.token, None)
        if callback is not None:
            callback(ack.status)

    def send(self, addr: Addr, data: bytes) -> bool:
        """Send a datagram (STUN answer, DTLS flight) from the engine's socket; False when it was dropped.

        Over UDP it goes at once; over TCP it is queued behind the commands, since only the engine writes
        to a flow. It leaves from the address of ours that `addr` names.
        """
        if is_tcp(addr):
            return bool(_lib.vc_engine_flow_send(self._engine, addr, data, len(data)) == _lib.VC_OK)
        host, port = unpack_addr(addr)[:2]
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = self._sockets.get(family)
        if sock is None and family == socket.AF_INET:
            sock, host = self._sockets[socket.AF_INET6], f"::ffff:{host}"
        if sock is None:
            return False
        try:
            local = self.local_host(addr)
            control = [] if local is None else [leaving_from(local, sock.family)]
            return sock.sendmsg([data], control, 0, (host, port)) == len(data)
        except OSError:  # full buffer, unreachable network: UDP may lose, and the peer will ask again
            return False

    # ---- commands ----

    async def settled(self) -> None:
        """Wait until every command queued so far was applied; someone must be draining meanwhile."""
        done = trio.Event()
        self._queue(_lib.vc_engine_sync, lambda _: done.set())
        await done.wait()

    def peer_add(self, *, own_ssrc: int | None = None) -> int:
        """Return the handle of a new peer; our receiver reports carry `own_ssrc` (random when None)."""
        peer = self._peer_handles.take()
        if own_ssrc is None:
            own_ssrc = secrets.randbits(32)
        self._queue_or(lambda: self._peer_handles.give_back(peer), _lib.vc_engine_peer_add, peer, own_ssrc)
        self._peers[peer] = _Held()
        return peer

    def peer_del(self, peer: int, on_gone: Callable[[], None] | None = None) -> None:
        """Forget `peer` with its tracks, slots, tuples and keys; `on_gone` runs when the engine has.

        A second time raises EngineError NOT_FOUND: the handle may be another's by then.
        """
        held = self._peers.get(peer)
        if held is None or held.is_leaving:
            raise EngineError("NOT_FOUND", f"deleting peer {peer}")

        def gone(_: int) -> None:
            del self._peers[peer]
            self._peer_handles.give_back(peer)
            for track in held.tracks:
                self._track_handles.give_back(track)
            for slot in held.slots:
                self._slot_handles.give_back(slot)
            self._video_tracks -= held.tracks
            self._video_slots -= held.slots
            if on_gone is not None:
                on_gone()

        self._queue(_lib.vc_engine_peer_del, gone, peer)
        held.is_leaving = True

    def ufrag_add(self, peer: int, ufrag: bytes) -> None:
        """Let Binding requests with our user fragment `ufrag` (at most 16 bytes, no colon) through."""
        self._queue(_lib.vc_engine_ufrag_add, None, peer, ufrag, len(ufrag))

    def ufrag_del(self, peer: int, ufrag: bytes) -> None:
        """Stop accepting an old `ufrag` after an ICE restart."""
        self._queue(_lib.vc_engine_ufrag_del, None, peer, ufrag, len(ufrag))

    def tuple_add(self, peer: int, addr: Addr) -> None:
        """Accept DTLS and SRTP of `peer` from `addr`, which passed an authenticated check; at most 8.

        What is sent there leaves from the address of ours it came to.
        """
        self._queue(_lib.vc_engine_tuple_add, None, peer, addr)
        local = self.local_host(addr)
        if local is not None and local != chosen_by_route(*unpack_addr(addr)[:2]):
            self._queue(_lib.vc_engine_tuple_pin, None, peer, addr)

    def local_host(self, addr: Addr) -> str | None:
        """Return the address of ours that `addr` sends to; None where the socket has only one."""
        if not names_local(addr):
            return None
        ip = _ffi.new("uint8_t[16]")
        if _lib.vc_engine_local(self._engine, addr, ip) != _lib.VC_OK:
            return None
        return canonical_address(str(ipaddress.IPv6Address(bytes(ip))), 0)[0]

    def tuple_del(self, peer: int, addr: Addr) -> None:
        """Accept nothing from `addr` any more."""
        self._queue(_lib.vc_engine_tuple_del, None, peer, addr)

    def tuple_prefer(self, peer: int, addr: Addr) -> None:
        """Send to `addr` (validated before) unless recent media came from elsewhere."""
        self._queue(_lib.vc_engine_tuple_prefer, None, peer, addr)

    def peer_keys(
        self,
        peer: int,
        rx: pylibsrtp.Session,
        tx: pylibsrtp.Session,
        stream_policy: pylibsrtp.Policy | None = None,
        send_policy: pylibsrtp.Policy | None = None,
    ) -> None:
        """Hand over the SRTP sessions, which nobody else may touch from now on; they are kept alive here.

        With `stream_policy`, of `rx` and for one specific SSRC, a stream is heard too whose packets up to
        where its numbers went around were lost. With `send_policy`, like that of `tx` but for one specific
        SSRC, each slot of voice is protected by a session of its own.
        """
        held = self._peers[peer]

        def replaced(_: int, kept: object = held.sessions) -> None:
            """Keep the pair before alive until the engine has let go of it."""

        pointers = _session_pointer(rx), _session_pointer(tx)
        self._queue(_lib.vc_engine_peer_keys, replaced, peer, *pointers)
        held.sessions = rx, tx, stream_policy, send_policy  # now: on FULL it keeps those before
        if stream_policy is not None and _CAN_ADD_STREAMS:
            self._queue(_lib.vc_engine_peer_stream_policy, None, peer, *_policy_pointers(stream_policy))
        if send_policy is not None:
            self._queue(_lib.vc_engine_peer_send_policy, None, peer, *_policy_pointers(send_policy))

    def peer_estimate(self, peer: int, *, min_bps: int, start_bps: int, max_bps: int) -> None:
        """Estimate what the path to `peer` carries, within bounds and from `start_bps` on; Estimated tells.

        Its video packets are numbered transport-wide, and its feedback on them is read.
        """
        self._queue(_lib.vc_engine_peer_estimate, None, peer, min_bps, start_bps, max_bps)

    def peer_deafen(self, peer: int, on: bool) -> None:
        """Forward no audio to `peer` while `on`."""
        self._queue(_lib.vc_engine_peer_deafen, None, peer, on)

    def peer_want(self, peer: int, bps: int) -> None:
        """Say that `bps` would be of use to `peer`: while its path seems to carry less, it is probed."""
        self._queue(_lib.vc_engine_peer_want, None, peer, bps)

    def peer_limit(self, peer: int, max_bps: int) -> None:
        """Tell `peer` how much it may send (REMB), at most `max_bps`, by what arrives of it; 0 = nothing."""
        self._queue(_lib.vc_engine_peer_limit, None, peer, max_bps)

    def peer_twcc(self, peer: int, extension: int) -> None:
        """Tell `peer` when its packets arrived, by the transport-wide numbers of `extension`; 0 = do not.

        Every authenticated packet of its tracks counts. Not for voice alone, where nobody needs it.
        """
        self._queue(_lib.vc_engine_peer_twcc, None, peer, extension)

    def track_add(
        self,
        peer: int,
        *,
        ssrc: int,
        pt: int,
        clock_rate: int = 48000,
        level_ext: int = 0,
    ) -> int:
        """Return the handle of the audio `peer` publishes under `ssrc`; `level_ext`: RFC 6464 id, 0 = none.

        With `UNNAMED_SSRC` it is the stream of the first authentic packet of type `pt`; see `track_mid`.
        """
        return self._track(
            peer, _lib.vc_engine_track_add, _lib.VC_MEDIA_AUDIO, ssrc, pt, clock_rate, level_ext
        )

    def track_mid(self, track: int, mid: str) -> None:
        """Know an audio track by its media section: only packets with this MID (at most 16 bytes) name it.

        Another SSRC with this MID takes over once the one before has been silent for half a second.
        """
        self._queue(_lib.vc_engine_track_mid, None, track, mid.encode())

    def video_add(
        self, peer: int, *, ssrc: int = UNNAMED_SSRC, mid: str = "", rid: str = "", max_bits_per_s: int = 0
    ) -> int:
        """Return the handle of one layer of a video that `peer` publishes.

        It comes under `ssrc`, and under that of authentic packets with `mid` and `rid` ("" = without one), as
        for `track_mid`; at most 16 and 8 bytes. More than `max_bits_per_s` of payload is dropped and counted
        (0 = no limit; two seconds of it may come in a burst). EngineError LIMIT where `video_room` is 0.
        """
        if self.video_room == 0:
            raise EngineError("LIMIT", f"no layer left of {self._limits.max_video_tracks}")
        track = self._track(peer, _lib.vc_engine_video_add, ssrc, mid.encode(), rid.encode(), max_bits_per_s)
        self._video_tracks.add(track)
        return track

    @property
    def video_room(self) -> int:
        """How many more layers of video there is room for."""
        return min(self._limits.max_video_tracks - len(self._video_tracks), self._track_handles.left)

    def video_limit(self, track: int, max_bits_per_s: int) -> None:
        """Hold a layer to another rate; 0 lifts the limit."""
        self._queue(_lib.vc_engine_video_limit, None, track, max_bits_per_s)

    def _track(self, peer: int, command: Any, *args: Any) -> int:
        track = self._track_handles.take()
        self._queue_or(lambda: self._track_handles.give_back(track), command, track, peer, *args)
        self._peers[peer].tracks.add(track)
        return track

    def track_del(self, track: int) -> None:
        """End a track; the slots it fed go quiet."""
        self._queue(_lib.vc_engine_track_del, lambda _: self._released(track, "tracks"), track)

    def track_mute(self, track: int, on: bool) -> None:
        """Authenticate and count `track`, but forward nothing while `on`."""
        self._queue(_lib.vc_engine_track_mute, None, track, on)

    def slot_add(
        self, peer: int, *, ssrc: int, pt: int, cname: str, clock_rate: int = 48000, level_ext: int = 0
    ) -> int:
        """Return the handle of something `peer` can be sent, under the SSRC and CNAME its SDP names."""
        return self._slot(peer, _lib.vc_engine_slot_add, ssrc, pt, clock_rate, level_ext, cname.encode())

    def slot_redundancy(self, slot: int, *, pt: int, distance: int) -> None:
        """Let the packets of an audio slot carry up to `distance` (0 to 2) of those before, under `pt`.

        In the form of RFC 2198. Over TCP none do.
        """
        self._queue(_lib.vc_engine_slot_redundancy, None, slot, pt, distance)

    def video_slot_add(self, peer: int, *, ssrc: int, rtx_ssrc: int = 0, cname: str) -> int:
        """Return the handle of a video `peer` can be sent; packets keep their payload type.

        What is lost is sent again under `rtx_ssrc` (RFC 4588), or unchanged when that is 0. EngineError LIMIT
        beyond `max_video_slots`.
        """
        if len(self._video_slots) >= self._limits.max_video_slots:
            raise EngineError("LIMIT", f"no slot left of {self._limits.max_video_slots} for video")
        slot = self._slot(peer, _lib.vc_engine_video_slot_add, ssrc, rtx_ssrc, cname.encode())
        self._video_slots.add(slot)
        return slot

    def _slot(self, peer: int, command: Any, *args: Any) -> int:
        slot = self._slot_handles.take()
        self._queue_or(lambda: self._slot_handles.give_back(slot), command, slot, peer, *args)
        self._peers[peer].slots.add(slot)
        return slot

    def slot_del(self, slot: int) -> None:
        """End a slot."""
        self._queue(_lib.vc_engine_slot_del, lambda _: self._released(slot, "slots"), slot)

    def route_set(self, slot: int, track: int, *, look_back: bool = False) -> None:
        """Feed `slot` from `track` from now on, replacing what fed it.

        With `look_back` it begins with the last 60 ms, if that is when the speaker began to speak. Video
        begins with the track's next keyframe, which is asked for; LayerSwitched tells when. Until then what
        fed the slot before goes on.
        """
        self._queue(_lib.vc_engine_route_set, None, slot, track, look_back)

    def route_clear(self, slot: int) -> None:
        """Leave `slot` empty."""
        self._queue(_lib.vc_engine_route_clear, None, slot)

    def _released(self, handle: int, kind: str) -> None:
        for held in self._peers.values():
            owned: set[int] = getattr(held, kind)
            if handle in owned:
                owned.discard(handle)
                (self._video_tracks if kind == "tracks" else self._video_slots).discard(handle)
                (self._track_handles if kind == "tracks" else self._slot_handles).give_back(handle)
                return

    def _queue(self, command: Any, on_ack: Callable[[int], None] | None, *args: Any) -> None:
        token = 0
        if on_ack is not None:
            self._token = token = self._token % 0xFFFFFFFF + 1
        _check(command(self._engine, *args, token), "queueing a command")
        if on_ack is not None:
            self._waiting[token] = on_ack

    def _queue_or(self, undo: Callable[[], None], command: Any, *args: Any) -> None:
        try:
            self._queue(command, None, *args)
        except BaseException:
            undo()
            raise

    def flow_add(
        self, sock: socket.socket | trio.socket.SocketType, addr: Addr, on_refused: Callable[[], None]
    ) -> None:
        """Give away a connected TCP socket from `addr`, whose RFC 4571 frames are taken like datagrams.

        FlowClosed tells its end, whoever ended it; `on_refused` is called instead when the engine has
        `max_flows` or such a flow already. On EngineError FULL the socket is still the caller's.
        """

        def applied(status: int) -> None:
            if status != 0:
                on_refused()

        self._queue(_lib.vc_engine_flow_add, applied, sock.fileno(), addr)
        sock.detach()

    def flow_del(self, addr: Addr) -> None:
        """Close a flow; FlowClosed follows unless it did before."""
        self._queue(_lib.vc_engine_flow_del, None, addr)

    # ---- statistics ----

    def counters(self) -> dict[str, int]:
        """Return every counter by name; drops are named for their reason."""
        count = _lib.vc_counter_count()
        out = _ffi.new("uint64_t[]", count)
        _lib.vc_engine_counters(self._engine, out, count)
        return {_ffi.string(_lib.vc_counter_name(i)).decode(): int(out[i]) for i in range(count)}

    def histogram(self, which: str = "residence") -> list[tuple[int, int]]:
        """Return (smallest nanoseconds, count) of every non-empty bucket of "residence" or "wait"."""
        number = {"residence": _lib.VC_HIST_RESIDENCE, "wait": _lib.VC_HIST_WAIT}[which]
        out = _ffi.new("uint64_t[]", _lib.VC_HIST_BUCKETS)
        _lib.vc_engine_histogram(self._engine, number, out, _lib.VC_HIST_BUCKETS)
        return [(int(_lib.vc_hist_floor_ns(i)), int(n)) for i, n in enumerate(out) if n]

    def peer_stats(self, peer: int) -> PeerStats | None:
        """Return the counters of `peer`, None when the engine does not know it."""
        out = self._read("vc_peer_stats *", _lib.vc_engine_peer_stats, peer)
        if out is None:
            return None
        addr = Addr(bytes(_ffi.buffer(out.send_addr)))
        values: dict[str, Any] = {name: getattr(out, name) for name in PeerStats.__slots__}
        return PeerStats(**{**values, "send_addr": unpack_addr(addr) if any(addr) else None})

    def track_stats(self, track: int) -> TrackStats | None:
        """Return what arrived on `track`, None when the engine does not know it."""
        out = self._read("vc_track_stats *", _lib.vc_engine_track_stats, track)
        if out is None:
            return None
        values: dict[str, Any] = {name: getattr(out, name) for name in TrackStats.__slots__}
        return TrackStats(**{**values, "speaking": bool(values["speaking"])})

    def slot_stats(self, slot: int) -> SlotStats | None:
        """Return what was sent on `slot` and what its receiver reported; None when there is none."""
        out = self._read("vc_slot_stats *", _lib.vc_engine_slot_stats, slot)
        return None if out is None else SlotStats(*(int(getattr(out, name)) for name in SlotStats.__slots__))

    def _read(self, kind: str, reader: Any, handle: int) -> Any:
        out = _ffi.new(kind)
        return out if reader(self._engine, handle, out) == 0 else None

    def memory_bytes(self) -> tuple[int, int]:
        """Return (bytes for one more peer, bytes allocated in all)."""
        return int(_lib.vc_engine_peer_bytes()), int(_lib.vc_engine_total_bytes(self._engine))


def _srtp_function(name: str) -> int:
    pointer = _srtp_binding.ffi.addressof(_srtp_binding.lib, name)
    return int(_srtp_binding.ffi.cast("uintptr_t", pointer))


def _srtp_symbol(name: str) -> int:
    """Return the address of what pylibsrtp does not bind, 0 when its library hides it."""
    function = getattr(ctypes.CDLL(_srtp_binding.__file__), name, None)
    return 0 if function is None else ctypes.cast(function, ctypes.c_void_p).value or 0


def _policy_pointers(policy: pylibsrtp.Policy) -> tuple[int, int]:
    """Return where a policy is, and where in it the SSRC stands."""
    ffi, raw = _srtp_binding.ffi, policy._policy
    places = raw, ffi.addressof(raw.ssrc, "value")
    return int(ffi.cast("uintptr_t", places[0])), int(ffi.cast("uintptr_t", places[1]))


def _session_pointer(session: pylibsrtp.Session) -> int:
    return int(_srtp_binding.ffi.cast("uintptr_t", session._srtp[0]))


_CAN_ADD_STREAMS = all(_srtp_symbol(f"srtp_{name}") for name in _STREAM_FUNCTIONS)


def _check(status: int, doing: str) -> None:
    if status < 0:
        raise EngineError(_ffi.string(_ffi.cast("vc_status", status)).removeprefix("VC_ERR_"), doing)


__all__ = [
    "UNNAMED_SSRC",
    "Addr",
    "Engine",
    "EngineError",
    "EngineLimits",
    "PeerStats",
    "Record",
    "Refused",
    "SlotStats",
    "TrackStats",
    "open_udp",
    "pack_addr",
    "unpack_addr",
]  # fmt: skip
