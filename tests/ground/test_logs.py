"""The log is structured, carries the request, and masks secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from voicechat import logs


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("voicechat")
    kept, root_level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = kept
    root.setLevel(root_level)
    ours.setLevel(our_level)


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    logs.configure(style="json", stream=stream)
    logs.get_logger("room").info("peer_joined", peer=3)
    [line] = _lines(stream)
    assert (line["event"], line["peer"], line["level"], line["logger"]) == (
        "peer_joined",
        3,
        "info",
        "voicechat.room",
    )


@pytest.mark.parametrize("style", ["json", "pretty"])
@pytest.mark.parametrize("name", ["password", "refresh_token", "Authorization", "jwt", "secret_key"])
def test_fields_that_name_a_secret_are_masked(style: str, name: str) -> None:
    stream = io.StringIO()
    logs.configure(style=style, stream=stream)
    logs.get_logger("room").info("login", **{name: "hunter2"})
    assert "hunter2" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_lines_carry_the_request_they_belong_to() -> None:
    stream = io.StringIO()
    logs.configure(style="json", stream=stream)
    logs.bind_request_id("r-1")
    try:
        logs.get_logger("room").warning("slow")
    finally:
        logs.bind_request_id(None)
    assert _lines(stream)[0]["request_id"] == "r-1"


def test_an_exception_brings_its_traceback() -> None:
    stream = io.StringIO()
    logs.configure(style="json", stream=stream)
    try:
        raise ValueError("boom")
    except ValueError:
        logs.get_logger("room").exception("failed")
    assert "ValueError: boom" in str(_lines(stream)[0]["traceback"])


def test_levels_below_the_chosen_are_silent() -> None:
    stream = io.StringIO()
    logs.configure(style="json", level="warning", stream=stream)
    logs.get_logger("room").info("chatter")
    assert stream.getvalue() == ""
