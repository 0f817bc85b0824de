"""What a client sends besides its voice, as tracks of the engine: added, limited, held back, measured."""

from __future__ import annotations

from voicechat.logs import get_logger
from voicechat.media.endpoint import Endpoint, Sent
from voicechat.media.engine import UNNAMED_SSRC, Engine, EngineError
from voicechat.rtc import sources
from voicechat.rtc.layers import Layer
from voicechat.rtc.negotiation import OPUS_CLOCK_RATE, STEREO_PT, TRANSPORT_EXTENSION, SentStream

log = get_logger("media")

ALL_LAYERS = 4 / 3  # of what one takes: a picture, a quarter of it and a quarter of that, and so on
SOUND_BITS_PER_S = 256_000  # a voice and the sound of a screen
HEADROOM = 1.25  # of what a publisher was asked to keep to: headers, and encoders overshoot
LAYERS = 3  # that a video is sent in at most
_LAYER_OF_RID = {"": Layer.HIGH, "h": Layer.HIGH, "m": Layer.MEDIUM, "l": Layer.LOW}


def add_tracks(engine: Engine, endpoint: Endpoint, stream: SentStream) -> tuple[Layer, ...]:
    """Let the engine take what an answer says is sent, and return its layers, none for a sound.

    Tracks that a section had before are used again, unless the answer names another SSRC. What the engine
    has no room for is left out.
    """
    published = endpoint.published[stream.source]
    published.mid = stream.mid
    if names_another_ssrc(endpoint, stream):
        for sent in endpoint.sent.pop(stream.mid):
            engine.track_del(sent.track)
    tracks = endpoint.sent.setdefault(stream.mid, [])
    try:
        if stream.is_video:
            _add_layers(engine, endpoint, stream, tracks)
        elif not tracks:
            tracks.append(Sent(_add_sound(engine, endpoint, stream), None, stream.ssrc))
    except EngineError as problem:
        log.warning("stream_refused", peer=endpoint.peer_id, source=stream.source, problem=str(problem))
    limit_tracks(engine, endpoint, stream.source)
    for sent in tracks:
        if sent.layer is not None:  # the gate of a sound is its stage's
            engine.track_mute(sent.track, False)
    return tuple(sent.layer for sent in tracks if sent.layer is not None)


def names_another_ssrc(endpoint: Endpoint, stream: SentStream) -> bool:
    """Tell whether an answer names another SSRC for a section than before, as Pion does for a new track."""
    return stream.ssrc is not None and any(
        sent.ssrc != stream.ssrc for sent in endpoint.sent.get(stream.mid, ())
    )


def layers_owed(endpoint: Endpoint, *, more: int = 0) -> int:
    """Return how many layers a peer may still need for what it did not answer yet, and for `more` videos.

    Sections that are out of use are used again, with the tracks they have.
    """
    videos = {source: each for source, each in endpoint.published.items() if sources.is_video(source)}
    in_use = {each.mid for each in videos.values()}
    unanswered = sum(each.mid is None for each in videos.values()) + more
    idle = sum(
        sent.layer is not None
        for mid, tracks in endpoint.sent.items()
        if mid not in in_use
        for sent in tracks
    )
    return max(0, LAYERS * unanswered - idle)


def _add_layers(engine: Engine, endpoint: Endpoint, stream: SentStream, tracks: list[Sent]) -> None:
    if stream.takes_arrivals and not endpoint.takes_arrivals:
        engine.peer_twcc(endpoint.handle, TRANSPORT_EXTENSION)
        endpoint.takes_arrivals = True
    endpoint.takes_limits = endpoint.takes_limits or stream.takes_limits
    for rid in stream.rids or ("",):
        layer = _LAYER_OF_RID[rid]
        if any(sent.layer is layer for sent in tracks):
            continue
        ssrc = UNNAMED_SSRC if stream.ssrc is None else stream.ssrc
        track = engine.video_add(endpoint.handle, ssrc=ssrc, mid=stream.mid, rid=rid)
        tracks.append(Sent(track, layer, stream.ssrc))


def _add_sound(engine: Engine, endpoint: Endpoint, stream: SentStream) -> int:
    ssrc = UNNAMED_SSRC if stream.ssrc is None else stream.ssrc
    track = engine.track_add(endpoint.handle, ssrc=ssrc, pt=STEREO_PT, clock_rate=OPUS_CLOCK_RATE)
    engine.track_mid(track, stream.mid)
    return track


def limit_tracks(engine: Engine, endpoint: Endpoint, source: str) -> None:
    """Hold each layer to what may be sent of a video: a viewer gets one of them.

    Any of them may be all there is: Chromium sends VP9 and AV1 in several layers of one stream, the first.
    """
    limit = int(endpoint.published[source].max_bits_per_s * HEADROOM)
    for sent in endpoint.sent_as(source):
        if sent.layer is not None and limit != sent.max_bits_per_s:
            sent.max_bits_per_s = limit
            engine.video_limit(sent.track, limit)
    limit_uplink(engine, endpoint)


def limit_uplink(engine: Engine, endpoint: Endpoint) -> None:
    """Tell a client how much it may send, where it cannot be told when its packets arrive.

    At most what its videos may take in all their layers, and some for what it says.
    """
    videos = sum(published.max_bits_per_s for published in endpoint.published.values())
    is_told = endpoint.takes_limits and not endpoint.takes_arrivals and videos > 0
    limit = int(videos * HEADROOM * ALL_LAYERS) + SOUND_BITS_PER_S if is_told else 0
    if limit != endpoint.uplink_limit:
        endpoint.uplink_limit = limit
        engine.peer_limit(endpoint.handle, limit)


def silence_tracks(engine: Engine, endpoint: Endpoint, source: str) -> None:
    """Pass on nothing of what still comes in a section that is out of use."""
    for sent in endpoint.sent_as(source):
        engine.track_mute(sent.track, True)


def measure(engine: Engine, endpoint: Endpoint, source: str, now: float) -> dict[Layer, float]:
    """Return the bits per second of each layer that is being sent."""
    rates = {}
    for sent in endpoint.sent_as(source):
        stats = engine.track_stats(sent.track)
        if stats is None or sent.layer is None:
            continue
        sent.meter.look(now, stats.packets, stats.bytes)
        sent.codec = stats.pt
        if sent.meter.is_alive(now):
            rates[sent.layer] = sent.meter.bits_per_s
    return rates


def codec_of(endpoint: Endpoint, source: str) -> int | None:
    """Return what the newest packets of a video came in; None when none came since it was published."""
    since = endpoint.published[source].since
    seen = [
        (sent.meter.last_sent, sent.codec)
        for sent in endpoint.sent_as(source)
        if sent.codec and sent.meter.last_sent is not None and sent.meter.last_sent >= since
    ]
    return max(seen)[1] if seen else None


def last_sent(endpoint: Endpoint, source: str) -> float | None:
    """Return when anything of a video was seen last; None when nothing was since it was published."""
    since = endpoint.published[source].since
    times = (sent.meter.last_sent for sent in endpoint.sent_as(source))
    return max((at for at in times if at is not None and at >= since), default=None)
