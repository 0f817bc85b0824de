"""S16: a server that connects where users say can be made to speak to its own network."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "voicechat"
OPENS = re.compile(
    r"\b(getaddrinfo|open_tcp_stream|create_connection|open_connection|httpx|aiohttp|urllib\.request|http\.client"
    r"|smtplib)\b"
)
KNOWN = {
    "__main__.py": "names what the bench needs, and opens nothing",
    "media/public_address.py": "asks the STUN server that the operator named",
    "media/sockets.py": "resolves the address to listen on, of the settings",
}


def test_s16_few_places_open_connections_and_none_where_users_say() -> None:
    """Whoever adds one says here for whom; where users name the host, it must refuse our own networks."""
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if OPENS.search(path.read_text("utf-8"))
    }
    assert found == set(KNOWN)
