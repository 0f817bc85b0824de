"""The arithmetic of a session, against a plain list as its oracle."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from voicechat.gateway.handshake import read_offer
from voicechat.gateway.session import CommandRate, Heartbeat, Replay, Verdict, frame
from voicechat.protocol import encode
from voicechat.protocol.gateway import Pong


def test_a_frame_is_the_event_with_its_number_in_front() -> None:
    assert msgspec.json.decode(frame(encode(Pong(ref="a")), 7)) == {"seq": 7, "type": "pong", "ref": "a"}


@given(
    payloads=st.lists(st.integers(2, 30).map(lambda size: b"{" + b"x" * (size - 1)), max_size=60),
    max_events=st.integers(1, 20),
    max_bytes=st.integers(30, 300),
    seq=st.integers(0, 70),
)
def test_replay_gives_exactly_what_was_sent_after_or_nothing(
    payloads: list[bytes], max_events: int, max_bytes: int, seq: int
) -> None:
    replay = Replay(max_events=max_events, max_bytes=max_bytes)
    sent = [replay.number(payload) for payload in payloads]
    missed = replay.frames_after(seq)
    if missed is not None:
        assert missed == sent[seq:]
        assert seq <= replay.last_seq
    elif seq <= len(sent):
        newest = payloads[seq:]
        assert len(newest) > max_events or sum(map(len, newest)) > max_bytes


def test_nothing_missed_is_nothing_to_send() -> None:
    replay = Replay(max_events=5, max_bytes=100)
    assert replay.frames_after(0) == []
    assert replay.frames_after(1) is None
    replay.number(b"{}")
    assert replay.frames_after(1) == []
    assert replay.frames_after(-1) is None


def test_commands_are_allowed_in_a_burst_then_at_the_rate() -> None:
    rate = CommandRate(now_s=100.0)
    assert [rate.judge(100.0) for _ in range(120)] == [Verdict.ALLOWED] * 120
    assert rate.judge(100.0) is Verdict.REFUSED
    assert rate.retry_after_s == 0.5
    assert rate.judge(100.5) is Verdict.ALLOWED
    assert rate.judge(100.6) is Verdict.REFUSED
    assert rate.judge(1000.0) is Verdict.ALLOWED


def test_who_goes_on_regardless_is_an_abuser_and_who_waits_is_not() -> None:
    rate = CommandRate(now_s=0.0)
    verdicts = [rate.judge(0.0) for _ in range(181)]
    assert verdicts[120:180] == [Verdict.REFUSED] * 60
    assert verdicts[180] is Verdict.ABUSE
    patient = CommandRate(now_s=0.0)
    for second in range(1000):
        assert patient.judge(second / 1.9) is not Verdict.ABUSE


def test_a_heartbeat_is_missed_after_two_intervals_of_silence() -> None:
    heartbeat = Heartbeat(20.0, now_s=5.0)
    assert heartbeat.deadline_s == 45.0
    heartbeat.heard(30.0)
    assert heartbeat.deadline_s == 70.0


def test_the_offer_decides_the_answer() -> None:
    both = read_offer(["voicechat.v1", "access_token.a.b.c"])
    assert (both.token, both.selected) == ("a.b.c", "voicechat.v1")
    alone = read_offer(["access_token.a"])
    assert (alone.token, alone.selected) == ("a", "access_token.a")
    assert read_offer([]).selected is None
    assert read_offer(["other"]).selected is None
    assert "a.b.c" not in repr(both)
