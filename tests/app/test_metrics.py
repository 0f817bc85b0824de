"""The private listener of a whole server."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import httpx

from tests.support.server import running_server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_figures_are_served_beside_the_site_and_only_there(tmp_path: Path) -> None:
    port = _free_port()
    with running_server(tmp_path, {"VOICECHAT_METRICS_PORT": str(port)}) as server:
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with stranger:
            stranger.sendto(b"", ("127.0.0.1", server.media_port))
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
        public = httpx.get(f"{server.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert re.search(r'^voicechat_media_events_total\{event="[a-z_]+"\} \d+$', answer.text, re.M)
    assert "voicechat_media_residence_seconds_count 0" in answer.text
    assert "voicechat_sockets 0" in answer.text
    assert "voicechat_" not in public.text
