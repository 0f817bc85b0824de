"""Settings come from the environment, fail loudly, and never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicechat.errors import Invalid
from voicechat.settings import VARIABLES, load, page


def test_defaults_need_no_environment() -> None:
    settings = load({})
    assert (settings.server.host, settings.server.port, settings.media.port) == ("127.0.0.1", 8080, 7882)


def test_the_command_line_wins_over_the_environment() -> None:
    settings = load({"VOICECHAT_PORT": "9000"}, {("server", "port"): 9001})
    assert settings.server.port == 9001


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(Invalid, match="VOICECHAT_PROT"):
        load({"VOICECHAT_PROT": "9000"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VOICECHAT_PORT", "eighty"),
        ("VOICECHAT_PORT", "70000"),
        ("VOICECHAT_LOG_LEVEL", "loud"),
        ("VOICECHAT_AUTH_REGISTRATION_POLICY", "maybe"),
        ("VOICECHAT_MEDIA_SLOTS", "0"),
        ("VOICECHAT_MEDIA_SLOTS", "29"),
    ],
)
def test_a_value_out_of_bounds_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name):
        load({name: value})


def test_a_secret_may_come_from_a_file_and_stays_hidden(tmp_path: Path) -> None:
    file = tmp_path / "dsn"
    file.write_text("postgresql://u:hunter2@db/x\n")
    settings = load({"DATABASE_URL_FILE": str(file)})
    assert settings.database.url == "postgresql://u:hunter2@db/x"
    assert "hunter2" not in repr(settings)
    assert dict(page(settings))["DATABASE_URL"] == "***"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_an_address_of_another_kind_is_refused_at_once_and_not_shown(name: str) -> None:
    with pytest.raises(Invalid, match=name) as refusal:
        load({name: "mysql://u:hunter2@db/x"})
    assert "hunter2" not in str(refusal.value)


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="REDIS_URL_FILE"):
        load({"REDIS_URL_FILE": str(tmp_path / "absent")})


def test_every_setting_stands_on_the_page() -> None:
    assert {name for name, _ in page(load({}))} == set(VARIABLES)
