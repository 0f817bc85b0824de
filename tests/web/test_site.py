"""What a browser and a probe find besides the routes: pages, files, health, documentation."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio

from tests.support.site import Site, body_of, open_site
from tests.web.rooms import ROUTES
from voicechat.web import builtin


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A web client as Vite leaves it, and a file beside it that is nobody's business."""
    folder = tmp_path / "webclient"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>client</title>")
    (folder / "assets" / "app-1a2b.js").write_text("console.log('x');" * 200)
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
async def site(built: Path) -> AsyncIterator[Site]:
    async with open_site(ROUTES, static_dir=built) as site:
        yield site


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/channels/1", "/invite/abc", "/index.html"])
async def test_every_page_is_the_client_and_is_never_cached(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>client</title>" in response.text


async def test_the_policy_allows_our_own_and_nothing_else(client: httpx.AsyncClient, site: Site) -> None:
    policy = (await client.get("/")).headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    own = f"127.0.0.1:{site.port}"
    assert directives["connect-src"] == f"'self' ws://{own} wss://{own}"
    assert "unsafe" not in policy


async def test_a_host_header_cannot_widen_the_policy(client: httpx.AsyncClient) -> None:
    response = await client.get("/", headers={"Host": "a; script-src *"})
    assert "script-src *" not in response.headers.get("Content-Security-Policy", "")


async def test_hashed_assets_are_kept_for_good_and_sent_compressed(client: httpx.AsyncClient) -> None:
    response = await client.get("/assets/app-1a2b.js")
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.text == "console.log('x');" * 200
    plain = await client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == response.text


async def test_what_is_unchanged_is_not_sent_again(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/favicon.svg")).headers["ETag"]
    again = await client.get("/favicon.svg", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    response = await client.head("/")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//secret.txt"]
)
async def test_no_path_leads_out_of_the_folder(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.text != "secret"


async def test_a_missing_build_says_how_to_make_one() -> None:
    async with open_site(ROUTES) as site, site.client() as client:
        response = await client.get("/")
        assert response.status_code == 200
        assert "make web" in response.text


async def test_a_new_build_is_served_without_a_restart(client: httpx.AsyncClient, built: Path) -> None:
    await client.get("/")
    (built / "index.html").write_text("<title>newer</title>")
    os.utime(built / "index.html", (1, 1))
    assert "newer" in (await client.get("/")).text


async def test_alive_and_ready_are_different_questions() -> None:
    async def well() -> bool:
        return True

    async def away() -> bool:
        return False

    async def broken() -> bool:
        raise RuntimeError("no")

    async with open_site(checks={"postgresql": well, "redis": away, "media": broken}) as site:
        async with site.client() as client:
            assert (await client.get("/health/live")).status_code == 200
            ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert body_of(ready)["checks"] == {"postgresql": "ok", "redis": "unavailable", "media": "unavailable"}


async def test_a_part_that_hangs_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "_PATIENCE_S", 0.01)
    assert await builtin.run_checks({"slow": trio.sleep_forever}) == {"slow": "unavailable"}


async def test_discovery_says_what_is_where(client: httpx.AsyncClient) -> None:
    found = body_of(await client.get("/.well-known/voicechat"))
    assert (found["api"], found["ws"]) == ("/api", "/ws")
    assert found["features"] == ["notes", "voice"]


async def test_the_description_names_every_route(client: httpx.AsyncClient) -> None:
    described = body_of(await client.get("/api/openapi.json"))
    assert described["openapi"] == "3.1.0"
    for route in ROUTES:
        operation = described["paths"][route.path][route.method.lower()]
        assert operation["summary"] == route.summary
    keep = described["paths"]["/api/notes"]["post"]
    assert keep["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Note"
    }
    assert keep["responses"].keys() == {"201", "default"}
    assert keep["security"] == [{"bearer": []}]
    listing = described["paths"]["/api/notes"]["get"]
    assert {parameter["name"] for parameter in listing["parameters"]} == {"limit", "deep"}
    assert described["paths"]["/api/notes/{note_id}"]["delete"]["responses"].keys() == {"204", "default"}
    ids = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


async def test_every_reference_in_the_description_leads_somewhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/openapi.json")
    names = set(re.findall(r'"#/components/schemas/(\w+)"', response.text))
    assert names <= set(body_of(response)["components"]["schemas"])


async def test_the_documentation_is_one_page_that_asks_nobody_else(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<code>/api/notes/{note_id}</code>" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/")
        assert (await client.get(link)).status_code == 200
