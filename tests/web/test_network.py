"""Whose word counts about where a request comes from."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from voicechat.errors import Invalid
from voicechat.settings import ServerSettings
from voicechat.web.network import is_loopback, open_network, rate_group

BEHIND_PROXY = open_network(ServerSettings(trusted_proxies="10.0.0.0/8, fd00::/8"))
OPEN = open_network(ServerSettings())


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("fd00::1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "rubbish", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, rubbish", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("::ffff:192.0.2.1", None, "192.0.2.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(
    peer: str, forwarded: str | None, client: str
) -> None:
    headers = Headers({"X-Forwarded-For": forwarded} if forwarded else {})
    assert BEHIND_PROXY.client_ip(peer, headers) == client


def test_a_proxy_may_add_its_hop_as_a_header_of_its_own() -> None:
    headers = Headers([("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")])
    assert BEHIND_PROXY.client_ip("10.0.0.1", headers) == "203.0.113.9"
    assert BEHIND_PROXY.is_encrypted(
        "10.0.0.1", "http", Headers([("X-Forwarded-Proto", "http"), ("X-Forwarded-Proto", "https")])
    )


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        (None, "voice.example", True),
        ("https://voice.example", "voice.example", True),
        ("https://voice.example:443", "voice.example", True),
        ("http://voice.example:80", "voice.example", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("https://VOICE.example", "voice.example", True),
        ("https://voice.example:8443", "voice.example", False),
        ("https://evil.example", "voice.example", False),
        ("https://voice.example.evil.example", "voice.example", False),
        ("null", "voice.example", False),
        ("https://voice.example", "", False),
        ("http://[bad", "voice.example", False),
        ("https://voice.example:99999", "voice.example", False),
    ],
)
def test_an_origin_is_own_when_host_and_port_are(origin: str | None, host: str, is_own: bool) -> None:
    headers = Headers({"Host": host, **({"Origin": origin} if origin else {})})
    assert OPEN.is_own_origin(headers) is is_own


def test_the_public_address_is_own_whatever_the_proxy_made_of_the_host() -> None:
    network = open_network(ServerSettings(public_url="https://voice.example"))
    assert network.is_own_origin(Headers({"Host": "backend:8080", "Origin": "https://voice.example"}))
    assert not network.is_own_origin(Headers({"Host": "backend:8080", "Origin": "https://evil.example"}))
    assert network.is_encrypted("192.0.2.1", "http", Headers())


def test_a_household_is_one_client() -> None:
    assert rate_group("2001:db8:1:2:aaaa::1") == rate_group("2001:db8:1:2:bbbb::2")
    assert rate_group("2001:db8:1:2::1") != rate_group("2001:db8:1:3::1")
    assert rate_group("192.0.2.1") != rate_group("192.0.2.2")
    assert rate_group("::ffff:192.0.2.1") == "192.0.2.1"
    assert rate_group("unix") == "unix"


def test_loopback_is_known_in_all_its_forms() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("192.0.2.1", "", "rubbish")))


def test_a_proxy_that_is_no_network_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(Invalid, match="VOICECHAT_TRUSTED_PROXIES"):
        open_network(ServerSettings(trusted_proxies="10.0.0.0/8, nonsense"))
