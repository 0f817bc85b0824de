"""Which addresses are announced, and what passes for a candidate."""

from __future__ import annotations

import pytest

from voicechat.errors import Invalid
from voicechat.rtc.candidates import announced_addresses, candidate_lines, require_candidate


def test_the_configured_address_wins_over_the_interfaces() -> None:
    assert announced_addresses("203.0.113.7", ["192.0.2.1"], 9) == (("203.0.113.7", 9),)


def test_one_address_of_each_family_is_announced() -> None:
    found = announced_addresses("", ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"], 9)
    assert found == (("192.0.2.1", 9), ("2001:db8::1", 9))


def test_loopback_comes_after_the_machines_own_address() -> None:
    assert announced_addresses("", ["127.0.0.1", "192.0.2.1"], 9) == (("192.0.2.1", 9), ("127.0.0.1", 9))


def test_an_address_that_stun_found_comes_first_and_a_private_one_beside_it() -> None:
    inside = ["192.168.1.5", "2a01:4f8::1", "2a01:4f8::2"]
    found = announced_addresses("", inside, 9, ["5.6.7.8"])
    assert found == (("5.6.7.8", 9), ("192.168.1.5", 9), ("2a01:4f8::1", 9))


def test_an_address_that_stun_found_on_the_interface_too_is_announced_once() -> None:
    assert announced_addresses("", ["5.6.7.8"], 9, ["5.6.7.8"]) == (("5.6.7.8", 9),)
    assert announced_addresses("", ["5.6.7.9"], 9, ["5.6.7.8"]) == (("5.6.7.8", 9),)


def test_a_configured_address_wins_over_what_stun_found() -> None:
    assert announced_addresses("192.0.2.7", ["192.168.1.5"], 9, ["5.6.7.8"]) == (("192.0.2.7", 9),)


def test_a_configured_name_is_refused() -> None:
    with pytest.raises(Invalid, match="public_ip"):
        announced_addresses("voice.example.org", [], 9)


def test_candidates_are_host_candidates_in_order_of_preference() -> None:
    first, second = candidate_lines([("192.0.2.1", 7882), ("2001:db8::1", 7882)])
    assert first == "1 1 udp 2130706431 192.0.2.1 7882 typ host"
    assert second == "2 1 udp 2130706175 2001:db8::1 7882 typ host"


def test_tcp_candidates_are_passive_and_rank_behind_all_of_udp() -> None:
    lines = candidate_lines([("192.0.2.1", 7882), ("2001:db8::1", 7882)], tcp=True)
    assert lines[2] == "3 1 tcp 1520435199 192.0.2.1 7882 typ host tcptype passive"
    assert [line.split()[2] for line in lines] == ["udp", "udp", "tcp", "tcp"]
    priorities = [int(line.split()[3]) for line in lines]
    assert sorted(priorities, reverse=True) == priorities
    assert len({line.split()[0] for line in lines}) == 4  # foundations


@pytest.mark.parametrize(
    "text",
    [
        "",
        "candidate:1 1 udp 2113937151 0a1b.local 57219 typ host generation 0",
        "a=candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
    ],
)
def test_candidates_of_browsers_pass(text: str) -> None:
    require_candidate(text)


@pytest.mark.parametrize("text", ["hello", "candidate:1 1 udp 1 x 1", "candidate:" + "1 " * 400])
def test_what_is_no_candidate_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="expected"):
        require_candidate(text)
