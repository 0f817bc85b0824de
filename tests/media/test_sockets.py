"""Binding the voice port and finding the addresses that lead to it."""

from __future__ import annotations

import socket

import pytest

from voicechat.errors import Unavailable
from voicechat.media import sockets
from voicechat.media.engine import open_udp
from voicechat.media.sockets import bound_sockets


def own_address() -> str | None:
    return sockets._own_address(socket.AF_INET, sockets._FAR_V4)


def test_loopback_is_reached_by_both_its_addresses_and_closed_afterwards() -> None:
    with bound_sockets("127.0.0.1", 0) as bound:
        assert bound.interfaces[-1] == "127.0.0.1"
        (sock,) = bound.sockets
        for host in bound.interfaces:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(b"hello", (host, bound.port))
                sock.settimeout(5)
                assert sock.recv(10) == b"hello"
    assert sock.fileno() == -1


def test_loopback_names_the_machines_own_address_first() -> None:
    """Firefox sends no checks to 127.0.0.1."""
    own = own_address()
    with bound_sockets("localhost", 0) as bound:
        assert bound.interfaces == (("127.0.0.1",) if own is None else (own, "127.0.0.1"))


def test_loopback_hears_no_stranger() -> None:
    """To a filter that takes another address for its own, this machine's real address is a stranger's."""
    own = own_address()
    if own is None:
        pytest.skip("the machine has no address besides loopback")
    with open_udp("0.0.0.0", 0) as sock, open_udp(own, 0) as stranger:
        sockets._drop_strangers(sock, "203.0.113.1")
        port = sock.getsockname()[1]
        stranger.sendto(b"stranger", (own, port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as friend:
            friend.sendto(b"friend", ("127.0.0.1", port))
        sock.settimeout(5)
        assert sock.recv(10) == b"friend"


def test_without_another_address_loopback_alone_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_own_address", lambda *_: None)
    with bound_sockets("127.0.0.1", 0) as bound:
        assert bound.sockets[0].getsockname()[0] == "127.0.0.1"
        assert bound.interfaces == ("127.0.0.1",)


def test_an_address_of_its_own_is_bound_and_named() -> None:
    with bound_sockets("::1", 0) as bound:
        assert bound.interfaces == ("::1",)
        assert bound.sockets[0].family == socket.AF_INET6


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "*"])
def test_a_wildcard_binds_both_families_to_one_port(host: str) -> None:
    with bound_sockets(host, 0) as bound:
        assert {sock.getsockname()[1] for sock in bound.sockets} == {bound.port}
        assert {sock.family for sock in bound.sockets} == {socket.AF_INET, socket.AF_INET6}
        assert "0.0.0.0" not in bound.interfaces
        assert len({":" in found for found in bound.interfaces}) == len(bound.interfaces)


def test_a_name_stands_for_its_address() -> None:
    with bound_sockets("127.1", 0) as bound:  # no address in its canonical form, so it is looked up
        assert bound.interfaces[-1] == "127.0.0.1"


def test_a_name_nobody_has_is_refused() -> None:
    with pytest.raises(Unavailable, match=r"voice\.invalid"), bound_sockets("voice.invalid", 0):
        pass


def test_a_taken_port_is_refused_with_its_number() -> None:
    with bound_sockets("127.0.0.1", 0) as bound, pytest.raises(Unavailable, match=str(bound.port)):
        with bound_sockets("127.0.0.1", bound.port):
            pass


def test_without_a_route_the_interfaces_are_asked() -> None:
    found = sockets._interface_address()
    assert found is None or not found.startswith("127.")
