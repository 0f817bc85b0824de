"""The command line says what is wrong in a sentence, and shows settings without secrets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path


def _voicechat(
    *arguments: str, cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VOICECHAT_")}
    return subprocess.run(
        [sys.executable, "-m", "voicechat", *arguments],
        cwd=cwd,
        env={**plain, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_prints_the_effective_settings_with_secrets_masked(tmp_path: Path) -> None:
    secret = "postgresql://u:hunter2@localhost/x"
    run = _voicechat("serve", "--check", "--port", "9123", cwd=tmp_path, environment={"DATABASE_URL": secret})
    assert run.returncode == 0
    assert "VOICECHAT_PORT=9123" in run.stdout.splitlines()
    assert "DATABASE_URL=***" in run.stdout.splitlines()
    assert "hunter2" not in run.stdout + run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_setting_is_named_in_one_line(tmp_path: Path) -> None:
    run = _voicechat("serve", cwd=tmp_path, environment={"VOICECHAT_PROT": "1"})
    assert run.returncode == 2
    assert "VOICECHAT_PROT" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_taken_port_is_named_in_one_line_and_nothing_stays_behind(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = _voicechat(
            "serve", "--port", str(port), "--media-port", "0", "--data-dir", "data", cwd=tmp_path
        )
    assert run.returncode == 2
    assert str(port) in run.stderr
    assert "Traceback" not in run.stderr


def test_migrate_brings_the_schema_up_and_ends(tmp_path: Path) -> None:
    run = _voicechat("migrate", "--data-dir", "data", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "schema_up_to_date" in run.stderr
