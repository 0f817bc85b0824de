"""The address that a start prints can be opened in a browser of the same machine."""

from __future__ import annotations

import pytest

from voicechat.app import local_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("192.0.2.7", "http://192.0.2.7:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("2001:db8::1", "http://[2001:db8::1]:8080"),
    ],
)
def test_a_listening_address_becomes_one_to_open(host: str, url: str) -> None:
    assert local_url(host, 8080) == url
