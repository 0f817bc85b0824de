"""Signing keys: made once, sealed, shared, rotated; and the secret they are sealed under."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import trio

from voicechat.access import open_keys
from voicechat.access.secret import Sealer, WrongSecret, installation_secret
from voicechat.access.tokens import private_bytes
from voicechat.errors import Invalid, Unauthenticated
from voicechat.ids import new_id
from voicechat.settings import AuthSettings, Secret, ServerSettings, Settings
from voicechat.storage import Connection, Database

USER, SESSION = new_id(), new_id()


def settings_in(folder: Path, **auth: object) -> Settings:
    return Settings(server=ServerSettings(data_dir=str(folder)), auth=AuthSettings(**auth))  # type: ignore[arg-type]


async def rows(db: Database, query: str) -> list[tuple[object, ...]]:
    async def unit(conn: Connection) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await conn.fetch(query)]

    return await db.run(unit)


async def test_a_first_start_makes_a_key_and_the_next_uses_it(db: Database, tmp_path: Path) -> None:
    first = await open_keys(db, settings_in(tmp_path))
    second = await open_keys(db, settings_in(tmp_path))
    claims = await second.verify(first.issue(USER, SESSION))
    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert len(await rows(db, "SELECT kid FROM signing_keys")) == 1


async def test_nodes_that_start_at_once_share_one_key(db: Database) -> None:
    settings = Settings(auth=AuthSettings(secret_key=Secret("ab" * 32)))
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(open_keys, db, settings)
    assert len(await rows(db, "SELECT kid FROM signing_keys")) == 1


async def test_the_secret_is_readable_by_its_owner_alone(db: Database, tmp_path: Path) -> None:
    await open_keys(db, settings_in(tmp_path))
    assert _modes(tmp_path) == {"secret.key": 0o600}


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_the_database_alone_does_not_tell_the_private_key(db: Database, tmp_path: Path) -> None:
    keys = await open_keys(db, settings_in(tmp_path))
    assert keys._signing is not None
    private = private_bytes(keys._signing.private)
    ((sealed,),) = await rows(db, "SELECT sealed_private FROM signing_keys")
    assert isinstance(sealed, bytes)
    assert private[-32:] not in sealed
    assert "PrivateKey" not in repr(keys._signing)


async def test_a_lost_secret_stops_the_start_and_is_not_replaced(db: Database, tmp_path: Path) -> None:
    await open_keys(db, settings_in(tmp_path))
    await trio.Path(tmp_path / "secret.key").unlink()
    with pytest.raises(Invalid) as refusal:
        await open_keys(db, settings_in(tmp_path))
    assert refusal.value.code == "SECRET_KEY_MISSING"
    assert _modes(tmp_path) == {}


async def test_another_secret_stops_the_start(db: Database, tmp_path: Path) -> None:
    await open_keys(db, settings_in(tmp_path))
    with pytest.raises(Invalid) as refusal:
        await open_keys(db, settings_in(tmp_path, secret_key=Secret("cd" * 32)))
    assert refusal.value.code == "SECRET_KEY_WRONG"
    assert "secret.key" in refusal.value.message


@pytest.mark.parametrize("text", ["", "abcd", "zz" * 32, "ab" * 31])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.key").write_text(text)
    with pytest.raises(Invalid, match="64 hexadecimal digits"):
        installation_secret(settings_in(tmp_path), may_create=True)


async def test_rotation_lets_older_tokens_live(db: Database, tmp_path: Path) -> None:
    keys = await open_keys(db, settings_in(tmp_path))
    old = keys.issue(USER, SESSION)
    await keys.refresh(rotate=True)
    new = keys.issue(USER, SESSION)
    assert (await keys.verify(old)).session_id == SESSION
    assert (await keys.verify(new)).session_id == SESSION
    assert old.split(".")[0] != new.split(".")[0]


async def test_another_node_learns_of_a_rotation_by_the_first_token(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = [await open_keys(db, settings_in(tmp_path)) for _ in range(2)]
    monkeypatch.setattr("voicechat.access.keys.REREAD_AFTER_S", 0.0)
    await there.refresh(rotate=True)
    assert (await here.verify(there.issue(USER, SESSION))).user_id == USER


async def test_tokens_of_unknown_keys_do_not_make_us_read_the_table_each_time(
    db: Database, tmp_path: Path
) -> None:
    keys = await open_keys(db, settings_in(tmp_path))
    stranger = await open_keys(db, settings_in(tmp_path))
    await stranger.refresh(rotate=True)
    with pytest.raises(Unauthenticated):
        await keys.verify(stranger.issue(USER, SESSION))


async def test_a_key_that_has_grown_old_is_replaced_at_the_start(db: Database, tmp_path: Path) -> None:
    await open_keys(db, settings_in(tmp_path))
    await rows(db, "UPDATE signing_keys SET created_at = now() - interval '91 days' RETURNING kid")
    await open_keys(db, settings_in(tmp_path))
    assert await rows(db, "SELECT retired_at IS NULL FROM signing_keys ORDER BY created_at") == [
        (False,),
        (True,),
    ]


async def test_another_algorithm_by_setting_makes_another_key(db: Database, tmp_path: Path) -> None:
    edwards = await open_keys(db, settings_in(tmp_path))
    rsa = await open_keys(db, settings_in(tmp_path, jwt_algorithm="RS256"))
    assert (await rsa.verify(edwards.issue(USER, SESSION))).user_id == USER
    assert (await rsa.verify(rsa.issue(USER, SESSION))).user_id == USER
    assert len(rsa.issue(USER, SESSION)) > len(edwards.issue(USER, SESSION))


def test_what_is_sealed_opens_only_under_its_purpose_and_name() -> None:
    secret = bytes(range(32))
    sealed = Sealer(secret, "signing-keys").seal(b"plain", "one")
    assert Sealer(secret, "signing-keys").unseal(sealed, "one") == b"plain"
    for other, name, value in (
        (Sealer(secret, "mfa"), "one", sealed),
        (Sealer(bytes(32), "signing-keys"), "one", sealed),
        (Sealer(secret, "signing-keys"), "two", sealed),
        (Sealer(secret, "signing-keys"), "one", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (Sealer(secret, "signing-keys"), "one", b""),
    ):
        with pytest.raises(WrongSecret):
            other.unseal(value, name)


def test_nothing_is_sealed_twice_alike() -> None:
    sealer = Sealer(bytes(32), "test")
    assert len({sealer.seal(b"plain", "name") for _ in range(100)}) == 100
