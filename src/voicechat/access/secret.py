"""The installation's secret and what is sealed under it.

The secret is 32 bytes, from `VOICECHAT_AUTH_SECRET_KEY` or from `secret.key` in the data folder. It never
encrypts anything itself: each purpose has its own key derived from it (HKDF-SHA256, RFC 5869), and everything
sealed is bound to its purpose and its name, so that a sealed value cannot be put in another's place.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voicechat.errors import Invalid
from voicechat.settings import Settings

SECRET_BYTES = 32
_NONCE_BYTES = 12
_FILE_NAME = "secret.key"


class WrongSecret(Exception):
    """What was to be unsealed was sealed under another secret, or changed since."""


class Sealer:
    """Seals small values for one purpose with AES-256-GCM."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"voicechat/{purpose}".encode())
        self._cipher = AESGCM(derive.derive(secret))

    def seal(self, plain: bytes, name: str) -> bytes:
        """Return nonce and ciphertext; `name` must be given again to unseal."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def unseal(self, sealed: bytes, name: str) -> bytes:
        """Return what was sealed; raises WrongSecret."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as problem:
            raise WrongSecret(name) from problem


def installation_secret(settings: Settings, *, may_create: bool) -> bytes:
    """Return the secret; on a first start (`may_create`) make the file, readable by its owner alone.

    Raises Invalid saying what to do when there is none, or one that is no secret.
    """
    if settings.auth.secret_key:
        return _decoded(settings.auth.secret_key, "VOICECHAT_AUTH_SECRET_KEY")
    path = Path(settings.server.data_dir) / _FILE_NAME
    if path.exists():
        return _decoded(path.read_text(encoding="ascii", errors="replace").strip(), str(path))
    if not may_create:
        raise Invalid(
            f"the database holds keys sealed under a secret that is not here: put back {path}, "
            "or set VOICECHAT_AUTH_SECRET_KEY to its content",
            code="SECRET_KEY_MISSING",
        )
    return _created(path)


def _decoded(text: str, source: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise Invalid(f"{source} must hold {SECRET_BYTES} bytes as {SECRET_BYTES * 2} hexadecimal digits")
    return secret


def _created(path: Path) -> bytes:
    """Write a new secret where nobody else can read it, whole or not at all."""
    secret = os.urandom(SECRET_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return secret
