"""The signing keys: made on first start, sealed in PostgreSQL, rotated, shared by all nodes.

One key signs; those before it verify until the last token they signed has expired. A node that meets a `kid`
it does not know reads the table again, at most every few seconds, since another node may have rotated.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import trio

from voicechat.access import queries, tokens
from voicechat.access.secret import Sealer, WrongSecret, installation_secret
from voicechat.access.tokens import Claims, SigningKey, UnknownKey, VerifyingKey
from voicechat.errors import Invalid, Unauthenticated, Unavailable
from voicechat.ids import new_id
from voicechat.logs import get_logger
from voicechat.settings import Settings
from voicechat.storage import Connection, Database

log = get_logger("access")

ROTATE_AFTER = timedelta(days=90)
REREAD_AFTER_S = 5.0
REREAD_EVERY_S = 3600.0
_PURPOSE = "signing-keys"


class Keys:
    """The keys as this node knows them; kept in `house.rooms["keys"]`, written by itself alone."""

    def __init__(self, db: Database, settings: Settings, secret: bytes) -> None:
        self._db = db
        self._auth = settings.auth
        self._sealer = Sealer(secret, _PURPOSE)
        self._issuer = ""
        self._signing: SigningKey | None = None
        self._verifying: dict[str, VerifyingKey] = {}
        self._read_at = float("-inf")
        self._reading = trio.Lock()

    def issue(self, user_id: str, session_id: str) -> str:
        """Sign an access token."""
        assert self._signing is not None
        return tokens.issue(
            self._signing,
            issuer=self._issuer,
            user_id=user_id,
            session_id=session_id,
            now=int(time.time()),
            ttl_s=self._auth.access_ttl_s,
        )

    async def verify(self, token: str) -> Claims:
        """Check an access token; raises Unauthenticated."""
        try:
            return self._verify(token)
        except UnknownKey:
            await self._reread()
        try:
            return self._verify(token)
        except UnknownKey:
            raise Unauthenticated(
                "the access token is not one of this server's", code="INVALID_TOKEN"
            ) from None

    def _verify(self, token: str) -> Claims:
        return tokens.verify(token, self._verifying, issuer=self._issuer, now=time.time())

    async def refresh(self, *, rotate: bool = False) -> None:
        """Read the keys, making a new one where there is none, the newest is old, or `rotate` says so."""
        stored = await self._db.transaction(_keys_in_use, self._auth.jwt_algorithm, self._sealer, rotate)
        signing = next(key for key in stored.keys if key.retired_at is None)
        private = _unsealed(self._sealer, signing)
        self._signing = SigningKey(signing.kid, signing.algorithm, tokens.load_private(private))
        self._verifying = {key.kid: self._verifying_key(key) for key in stored.keys}
        self._issuer = f"voicechat/{stored.installation_id}"
        self._read_at = trio.current_time()

    def _verifying_key(self, key: queries.StoredKey) -> VerifyingKey:
        """A retired key may sign until every node has read the table again; it verifies what it signed."""
        until = None
        if key.retired_at is not None:
            until = key.retired_at.timestamp() + REREAD_EVERY_S + self._auth.access_ttl_s
        return VerifyingKey(key.kid, key.algorithm, tokens.load_public(key.public_pem), until)

    async def _reread(self) -> None:
        """Read the table again, unless that was just done."""
        async with self._reading:
            if trio.current_time() - self._read_at >= REREAD_AFTER_S:
                await self.refresh()


async def open_keys(db: Database, settings: Settings) -> Keys:
    """Read the signing keys, or make the first.

    Raises Invalid when the secret they are sealed under is missing or another.
    """
    has_keys = await db.run(queries.has_signing_keys)
    keys = Keys(db, settings, installation_secret(settings, may_create=not has_keys))
    await keys.refresh()
    return keys


async def keep_keys_fresh(keys: Keys) -> None:
    """Read the table every hour, rotating the key that has grown old; runs until cancelled."""
    while True:
        await trio.sleep(REREAD_EVERY_S)
        try:
            await keys.refresh()
        except Unavailable:
            log.warning("signing_keys_not_read")


async def _keys_in_use(conn: Connection, algorithm: str, sealer: Sealer, rotate: bool) -> queries.StoredKeys:
    """Return the keys, after making a new one if one is due; nodes take turns."""
    await queries.lock_signing_keys(conn)
    stored = await queries.signing_keys(conn)
    active = next((key for key in stored.keys if key.retired_at is None), None)
    if active is not None:
        _unsealed(sealer, active)
    if active is not None and not rotate and not _is_due(active, algorithm, stored.now):
        return stored
    private = tokens.generate_key(algorithm)
    kid = new_id()
    sealed = sealer.seal(tokens.private_bytes(private), kid)
    await queries.replace_signing_key(conn, kid, algorithm, tokens.public_pem(private), sealed)
    log.info("signing_key_made", kid=kid, algorithm=algorithm)
    return await queries.signing_keys(conn)


def _is_due(active: queries.StoredKey, algorithm: str, now: datetime) -> bool:
    return active.algorithm != algorithm or now - active.created_at >= ROTATE_AFTER


def _unsealed(sealer: Sealer, key: queries.StoredKey) -> bytes:
    try:
        return sealer.unseal(key.sealed_private, key.kid)
    except WrongSecret as problem:
        raise Invalid(
            "the database holds keys sealed under another secret: put back the data folder's secret.key, "
            "or set VOICECHAT_AUTH_SECRET_KEY to the one in use before",
            code="SECRET_KEY_WRONG",
        ) from problem
