"""What a caller of the REST interface sees: answers, refusals, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.site import People, Site, body_of, make_house, make_settings, open_site
from tests.web.rooms import ROUTES
from voicechat.ids import new_id
from voicechat.settings import LimitSettings, ServerSettings

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def token(people: People) -> str:
    return people.add("ann")


@pytest.fixture
async def site(people: People) -> AsyncIterator[Site]:
    async with open_site(ROUTES, people=people) as site:
        yield site


@pytest.fixture
async def client(site: Site, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client(token) as client:
        yield client


def refusal(response: httpx.Response) -> tuple[int, str]:
    body = body_of(response)
    assert set(body) <= {"error", "message", "details"}
    assert isinstance(body["message"], str)
    return response.status_code, body["error"]


async def test_a_body_is_decoded_and_the_answer_carries_its_status(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/notes", json={"text": "milk", "stars": 3})
    assert response.status_code == 201
    assert body_of(response) == {"id": "1", "text": "milk", "by": "ann", "stars": 3}


async def test_a_handler_without_an_answer_says_204(client: httpx.AsyncClient) -> None:
    response = await client.delete(f"/api/notes/{new_id()}")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize(
    ("body", "expectation"),
    [
        (b'{"text": 5}', "Expected `str`, got `int` - at `$.text`"),
        (b'{"text": ""}', "length >= 1"),
        (b'{"stars": 1}', "missing required field `text`"),
        (b'{"text": "a", "extra": 1}', "unknown field `extra`"),
        (b'{"text": "a", "stars": 9}', "<= 5"),
        (b"[]", "Expected `object`"),
        (b"", "missing required field `text`"),
        (b'{"text": "a\\u0000b"}', "NUL"),
    ],
)
async def test_a_bad_body_is_refused_naming_the_place(
    client: httpx.AsyncClient, body: bytes, expectation: str
) -> None:
    response = await client.post("/api/notes", content=body, headers=JSON)
    assert refusal(response) == (400, "INVALID")
    assert expectation in body_of(response)["message"]


@pytest.mark.parametrize(
    "body", [b"{", b'{"text": "\xff"}', b"nonsense", b'{"text": "\\ud800"}', b'{"text":' + b"[" * 100_000]
)
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    status, _ = refusal(await client.post("/api/notes", content=body, headers=JSON))
    assert status == 400


async def test_a_backslash_before_u0000_is_only_text(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/notes", json={"text": "\\u0000"})
    assert body_of(response)["text"] == "\\u0000"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_content_type_is_415(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post("/api/notes", content=b'{"text":"a"}', headers={"Content-Type": kind})
    assert refusal(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_body_with_defaults_only_may_be_left_out(client: httpx.AsyncClient) -> None:
    assert (await client.post("/auth/login")).status_code == 201


async def test_a_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/notes", content=b"x" * 300_000, headers=JSON)
    assert refusal(response) == (413, "TOO_LARGE")


async def test_a_chunked_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 16_384

    response = await client.post("/api/notes", content=endless(), headers=JSON)
    assert refusal(response) == (413, "TOO_LARGE")


async def test_query_parameters_are_read_from_text(client: httpx.AsyncClient) -> None:
    answer = body_of(await client.get("/api/notes?limit=2&deep=true"))
    assert [note["text"] for note in answer] == ["True", "True"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=101", "other=1", "limit=1&limit=2"])
async def test_bad_query_parameters_are_refused(client: httpx.AsyncClient, query: str) -> None:
    assert refusal(await client.get(f"/api/notes?{query}")) == (400, "INVALID")


@pytest.mark.parametrize("note_id", ["1", "x" * 500, "0190c0e0-0000-7000-8000-00000000000Z", "%00"])
async def test_a_malformed_id_in_the_path_is_404(client: httpx.AsyncClient, note_id: str) -> None:
    assert refusal(await client.get(f"/api/notes/{note_id}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "MISSING_AUTH"),
        ("Basic abc", "INVALID_AUTH_HEADER"),
        ("Bearer", "INVALID_AUTH_HEADER"),
        ("Bearer unknown", "INVALID_TOKEN"),
    ],
)
async def test_a_stranger_is_401(site: Site, header: str | None, code: str) -> None:
    async with site.client() as stranger:
        headers = {"Authorization": header} if header else {}
        response = await stranger.post("/api/notes", json={"text": "a"}, headers=headers)
    assert refusal(response) == (401, code)
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_an_optional_caller_is_known_when_a_token_came(client: httpx.AsyncClient, site: Site) -> None:
    path = f"/api/notes/{new_id()}"
    assert body_of(await client.get(path))["by"] == "ann"
    async with site.client() as stranger:
        assert body_of(await stranger.get(path))["by"] is None


async def test_a_problem_becomes_its_status_and_the_one_shape(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/refuse")
    assert response.status_code == 409
    assert body_of(response) == {
        "error": "NAME_TAKEN",
        "message": "the name is taken",
        "details": {"name": "ann"},
    }


async def test_a_problem_with_a_wait_says_how_long(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/tire")
    assert refusal(response) == (429, "RATE_LIMITED")
    assert response.headers["Retry-After"] == "7"


async def test_a_bug_is_500_with_an_id_and_no_secret(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/fail")
    assert refusal(response) == (500, "INTERNAL")
    assert body_of(response)["details"]["request_id"] == response.headers["X-Request-Id"]
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/nothing", (404, "NOT_FOUND")),
        ("POST", "/api/nothing", (404, "NOT_FOUND")),
        ("POST", "/nothing", (404, "NOT_FOUND")),
        ("GET", "/auth/nothing", (404, "NOT_FOUND")),
        ("PUT", "/api/notes", (405, "METHOD_NOT_ALLOWED")),
        ("OPTIONS", "/api/notes", (405, "METHOD_NOT_ALLOWED")),
        ("GET", "/assets/nothing.js", (404, "NOT_FOUND")),
    ],
)
async def test_what_is_not_there_is_refused_in_the_one_shape(
    client: httpx.AsyncClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert refusal(await client.request(method, path)) == expected


async def test_a_trailing_slash_is_the_same_path(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/notes/?limit=1")).status_code == 200


async def test_every_answer_has_an_id_and_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/api/notes", "/api/nothing", "/api/fail", "/", "/health/live"):
        headers = (await client.get(path)).headers
        assert headers["X-Request-Id"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers


async def test_a_sound_request_id_is_kept_and_another_replaced(client: httpx.AsyncClient) -> None:
    for given, is_kept in (("trace-12345678", True), ("bad id!", False), ("x" * 200, False)):
        answered = await client.get("/api/notes", headers={"X-Request-Id": given})
        assert (answered.headers["X-Request-Id"] == given) is is_kept


async def test_what_a_request_logs_carries_its_id(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="voicechat")
    request_id = (await client.get("/api/fail")).headers["X-Request-Id"]
    ours = [vars(record) for record in caplog.records if hasattr(record, "fields")]
    logged = {record["msg"]: record["request_id"] for record in ours}
    assert logged["request_failed"] == logged["request"] == request_id


async def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(client: httpx.AsyncClient) -> None:
    response = await client.post("/auth/login")
    cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/auth"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert body_of(await client.post("/auth/refresh"))["text"] == "secret"


async def test_a_cookie_route_refuses_another_site(site: Site, client: httpx.AsyncClient) -> None:
    origins = {"https://evil.example": 403, site.url: 200, "null": 403}
    for origin, status in origins.items():
        response = await client.post("/auth/refresh", headers={"Origin": origin})
        assert response.status_code == status, origin


async def test_limits_are_told_and_kept_by_user(people: People) -> None:
    ann, ben = people.add("ann"), people.add("ben")
    async with open_site(ROUTES, people=people) as site, site.client(ann) as client:
        for remaining in range(119, -1, -1):
            response = await client.post("/api/notes", json={"text": "a"})
            assert (response.status_code, response.headers["X-RateLimit-Limit"]) == (201, "120")
            assert abs(int(response.headers["X-RateLimit-Remaining"]) - remaining) <= 20  # it refills
        while (response := await client.post("/api/notes", json={"text": "a"})).status_code != 429:
            pass
        assert refusal(response) == (429, "RATE_LIMITED")
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["X-RateLimit-Remaining"] == "0"
        async with site.client(ben) as other:
            assert (await other.post("/api/notes", json={"text": "a"})).status_code == 201


async def test_guessing_at_one_account_is_stopped_before_the_address(client: httpx.AsyncClient) -> None:
    for _ in range(10):
        await client.post("/auth/login", json={"text": "ann"})
    statuses = [(await client.post("/auth/login", json={"text": "ann"})).status_code for _ in range(3)]
    assert 429 in statuses
    assert (await client.post("/auth/login", json={"text": "ben"})).status_code == 201


async def test_limits_can_be_switched_off(people: People) -> None:
    house = make_house(make_settings(limits=LimitSettings(enabled=False)))
    async with open_site(ROUTES, people=people, house=house) as site, site.client() as client:
        for _ in range(15):
            response = await client.post("/auth/login", json={"text": "ann"})
        assert response.status_code == 201
        assert "X-RateLimit-Limit" not in response.headers


async def test_behind_a_trusted_proxy_the_forwarded_address_and_scheme_count(people: People) -> None:
    server = ServerSettings(port=0, trusted_proxies="127.0.0.0/8, 10.0.0.0/8")
    house = make_house(make_settings(server=server))
    forwarded = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.1.2.3", "X-Forwarded-Proto": "https"}
    async with open_site(ROUTES, people=people, house=house) as site, site.client() as client:
        response = await client.get(f"/api/notes/{new_id()}", headers=forwarded)
        assert body_of(response)["text"] == "203.0.113.9"
        assert "Strict-Transport-Security" in response.headers
        signed_in = await client.post("/auth/login", headers=forwarded)
        assert "Secure" in signed_in.headers["Set-Cookie"]


async def test_forwarded_headers_of_strangers_are_not_believed(client: httpx.AsyncClient) -> None:
    forwarded = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "Remote-Addr": "6.6.6.6"}
    response = await client.get(f"/api/notes/{new_id()}", headers=forwarded)
    assert body_of(response)["text"] == "127.0.0.1"
    assert "Strict-Transport-Security" not in response.headers
