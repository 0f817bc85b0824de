"""Argon2id (RFC 9106) in threads, a few at a time; for names nobody has, the same work on a dummy hash."""

from __future__ import annotations

import secrets
import unicodedata

import trio
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from voicechat.house import House
from voicechat.settings import AuthSettings

_ROUNDS = 2  # with 19 MiB and one lane: OWASP's and the argon2 crate's choice, about 20 ms


class Passwords:
    """Hashes and checks passwords; its limiter keeps a flood of log-ins from taking memory and threads."""

    def __init__(self, auth: AuthSettings) -> None:
        self._hasher = PasswordHasher(time_cost=_ROUNDS, memory_cost=auth.argon2_memory_kib, parallelism=1)
        self._limiter = trio.CapacityLimiter(auth.argon2_parallel)
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a password for keeping."""
        return await trio.to_thread.run_sync(self._hasher.hash, _normal(password), limiter=self._limiter)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Check a password against its hash; without one, do the same work and answer False."""
        if self._dummy is None:
            self._dummy = await self.hash(secrets.token_urlsafe())
        known = stored or self._dummy
        matches = await trio.to_thread.run_sync(self._matches, known, password, limiter=self._limiter)
        return matches and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _normal(password))
        except (Argon2Error, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """Let a password be the same from every keyboard (RFC 8265 §4.2)."""
    return unicodedata.normalize("NFC", password)


def passwords_of(house: House) -> Passwords:
    """Return the house's password hasher, made when first asked for."""
    made = house.rooms.setdefault("passwords", Passwords(house.settings.auth))
    assert isinstance(made, Passwords)
    return made
