"""S13, S14: checks and session descriptions that are no such thing."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.media.conftest import Stage
from tests.support.rtc_client import RtcClient
from voicechat.errors import Invalid
from voicechat.media import PeerConnected, PeerLost

_FOLDER = Path(__file__).parents[2] / "native" / "fuzz" / "corpus" / "stun"
CORPUS = [path.read_bytes() for path in sorted(_FOLDER.iterdir())]


async def test_s13_no_broken_check_of_stranger_or_member_is_answered_or_believed(
    stage: Stage, pair: tuple[RtcClient, RtcClient]
) -> None:
    anna, ben = pair
    ours = anna.server.ufrag.encode()
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as stranger:
        await stranger.bind(("127.0.0.1", 0))
        before = len(anna.datagrams)
        for data in CORPUS:
            for datagram in (data, data.replace(b"ours", ours), data.replace(b"ours", ours[:4])):
                await stranger.sendto(datagram, anna.remote)
                await anna.send(datagram)
        await anna.check()  # answers go out in order: this one is the first and the last
        assert len(anna.datagrams) == before + 1
        with pytest.raises(BlockingIOError):
            stranger._sock.recvfrom(2000)  # type: ignore[attr-defined]
    await anna.say(b"unmoved")
    await ben.heard_payload(b"unmoved")
    assert stage.events.of(PeerLost) == []


CHANGES = {
    "a hundred thousand lines": ("a=rtcp-mux\r\n", "a=rtcp-mux\r\n" * 100_000, 1),
    "an attribute of a mebibyte": ("a=rtcp-mux", "a=x:" + "y" * (1 << 20), 1),
    "a payload type of 200": ("SAVPF 111", "SAVPF 200", 1),
    "a mapping for type 200 alone": ("a=rtpmap:111 opus", "a=rtpmap:200 opus", -1),
    "no section": ("m=", "x=", -1),
    "the same mid twice": ("a=mid:1", "a=mid:0", 1),
    "extension 0": ("a=extmap:1 ", "a=extmap:0 ", -1),
    "extension 256": ("a=extmap:1 ", "a=extmap:256 ", -1),
    "a NUL": ("a=rtcp-mux", "a=\0rtcp-mux", 1),
    "no fingerprint": ("a=fingerprint", "a=thumbprint", -1),
    "a fingerprint of SHA-1": ("a=fingerprint:sha-256", "a=fingerprint:sha-1", -1),
    "a password of one letter": ("a=ice-pwd:", "a=ice-pwd:p\r\na=x:", -1),
    "a source past 32 bits": ("a=ssrc:", "a=ssrc:9", -1),
    "arabic digits": ("UDP/TLS/RTP/SAVPF 111", "UDP/TLS/RTP/SAVPF ١١١", 1),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_s14_a_hostile_answer_is_refused_and_a_good_one_still_taken(stage: Stage, change: str) -> None:
    peer_id, client = await stage.client("anna")
    old, new, count = CHANGES[change]
    with pytest.raises(Invalid):
        await stage.media.answer(peer_id, client.answer().replace(old, new, count))
    await stage.media.answer(peer_id, client.answer())
    await client.connect()
    await stage.events.wait_for(lambda event: event == PeerConnected(peer_id))


async def test_s14_an_answer_may_not_lose_or_gain_sections(stage: Stage) -> None:
    peer_id, client = await stage.client("anna")
    *kept, last = client.answer().split("m=audio")
    for hostile in ("m=audio".join(kept), "m=audio".join([*kept, last, last.replace("a=mid:4", "a=mid:5")])):
        with pytest.raises(Invalid):
            await stage.media.answer(peer_id, hostile)
    await stage.media.answer(peer_id, client.answer())
