"""Access tokens: JSON Web Tokens signed and verified with keys of our own table. Pure.

A token names its key by `kid`; key and algorithm then come from our table alone, so nothing that a token says
of itself (alg, jwk, jku, x5c) has any weight. `typ` keeps one kind of token from passing for another. A token
claims whose it is and for which session; what they may do is asked of the database each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from voicechat.errors import Unauthenticated
from voicechat.ids import is_id

AUDIENCE = "voicechat"
ACCESS = "access"
MAX_TOKEN_CHARS = 4096  # ours have about 400 (EdDSA) or 700 (RS256)

_CLAIMS = ["sub", "sid", "iat", "exp", "iss", "aud", "typ"]
_PRIVATE = (Ed25519PrivateKey, RSAPrivateKey)
_PUBLIC = (Ed25519PublicKey, RSAPublicKey)

PrivateKey = Ed25519PrivateKey | RSAPrivateKey
PublicKey = Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key of ours with the one algorithm it is for; refused after `verifies_until` (unix time)."""

    kid: str
    algorithm: str
    public: PublicKey
    verifies_until: float | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    kid: str
    algorithm: str
    private: PrivateKey = field(repr=False)


class Claims(NamedTuple):
    """What a good token says: whose it is, of which login session, and until when (unix time)."""

    user_id: str
    session_id: str
    expires_at: int


class UnknownKey(Exception):
    """The token names a key that is not in the table given."""


def issue(
    key: SigningKey, *, issuer: str, user_id: str, session_id: str, now: int, ttl_s: int, typ: str = ACCESS
) -> str:
    """Sign a token for a login session of a user."""
    claims = {
        "sub": user_id,
        "sid": session_id,
        "iat": now,
        "exp": now + ttl_s,
        "iss": issuer,
        "aud": AUDIENCE,
        "typ": typ,
    }
    return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"kid": key.kid})


def verify(
    token: str, keys: Mapping[str, VerifyingKey], *, issuer: str, now: float, typ: str = ACCESS
) -> Claims:
    """Check a token and return its claims.

    Raises UnknownKey, or Unauthenticated with the code INVALID_TOKEN or TOKEN_EXPIRED.
    """
    key = keys.get(_kid(token))
    if key is None:
        raise UnknownKey
    if key.verifies_until is not None and now >= key.verifies_until:
        raise _invalid()
    options: Any = {"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims = jwt.decode(
            token, key.public, algorithms=[key.algorithm], audience=AUDIENCE, issuer=issuer, options=options
        )
    except jwt.PyJWTError as problem:
        raise _invalid() from problem
    return _checked(claims, now, typ)


def _kid(token: str) -> str:
    if len(token) > MAX_TOKEN_CHARS:
        raise _invalid()
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, UnicodeEncodeError, RecursionError) as problem:
        raise _invalid() from problem
    if not isinstance(kid, str):
        raise _invalid()
    return kid


def _checked(claims: dict[str, Any], now: float, typ: str) -> Claims:
    user_id, session_id, expires_at = claims["sub"], claims["sid"], claims["exp"]
    is_whole = isinstance(expires_at, int) and isinstance(session_id, str) and isinstance(user_id, str)
    if claims["typ"] != typ or not is_whole or not is_id(user_id) or not is_id(session_id):
        raise _invalid()
    if now >= expires_at:
        raise Unauthenticated("the access token has expired; refresh it", code="TOKEN_EXPIRED")
    return Claims(user_id, session_id, expires_at)


def _invalid() -> Unauthenticated:
    return Unauthenticated("the access token is not one of this server's", code="INVALID_TOKEN")


def generate_key(algorithm: str) -> PrivateKey:
    """Make a private key for `EdDSA` or `RS256` (2048 bits, NIST SP 800-57 part 1 to 2030)."""
    if algorithm == "RS256":
        return generate_private_key(public_exponent=65537, key_size=2048)
    return Ed25519PrivateKey.generate()


def private_bytes(key: PrivateKey) -> bytes:
    """Encode a private key as PKCS #8."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: PrivateKey) -> str:
    """Encode the public half as PEM."""
    public = key.public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode("ascii")


def load_private(encoded: bytes) -> PrivateKey:
    """Decode `private_bytes`."""
    key = serialization.load_der_private_key(encoded, password=None)
    assert isinstance(key, _PRIVATE)
    return key


def load_public(pem: str) -> PublicKey:
    """Decode `public_pem`."""
    key = serialization.load_pem_public_key(pem.encode("ascii"))
    assert isinstance(key, _PUBLIC)
    return key
