"""The server as a process: it stops without a trace, and starts again after any end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.account import Account, api_client, new_username, sign_in, sign_up
from tests.support.server import Server
from tests.support.waiting import eventually


@pytest.fixture
def writer(server: Server) -> Iterator[Account]:
    with api_client(server.url) as http:
        yield sign_up(http, new_username("writer"))


def test_sigterm_ends_the_server_and_everything_it_started(server: Server, writer: Account) -> None:
    assert any("postgres" in process for process in server.processes())
    assert any("redis" in process for process in server.processes())
    assert server.stop() == 0
    assert server.processes() == []
    assert server.lines('"traceback"') == []
    server.start()


def test_a_killed_server_leaves_nothing_running(server: Server, writer: Account) -> None:
    server.kill()
    eventually(lambda: not server.processes(), "the embedded stores end with the server", within_s=15)
    server.start()


def test_what_was_answered_survives_a_kill_and_sessions_stay_signed_in(
    server: Server, writer: Account
) -> None:
    guild = writer.create_guild("To be kept")
    posted = writer.post_message(guild.text_id, "kept")
    server.kill()
    server.start()
    with api_client(server.url) as http:
        again = sign_in(http, writer.username)
        [message] = again.call("GET", f"/api/messages/channel/{guild.text_id}")["items"]
    assert message["id"] == posted
    assert writer.call("GET", "/auth/me")["id"] == writer.user_id


def test_a_second_server_on_the_same_data_folder_is_refused_in_plain_words(
    server: Server, writer: Account
) -> None:
    second = Server(server.folder)
    with pytest.raises(AssertionError, match="is in use by another server"):
        second.start()
    second.forget()
    assert writer.call("GET", "/auth/me")["id"] == writer.user_id
