"""No token but a fresh one of ours, for its own purpose, is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from voicechat.access import tokens
from voicechat.access.tokens import SigningKey, UnknownKey, VerifyingKey
from voicechat.errors import Unauthenticated
from voicechat.ids import new_id

NOW = 1_800_000_000
ISSUER = "voicechat/test"
USER, SESSION = new_id(), new_id()

KEYS = {algorithm: tokens.generate_key(algorithm) for algorithm in ("EdDSA", "RS256")}
SIGNING = {algorithm: SigningKey(f"kid-{algorithm}", algorithm, key) for algorithm, key in KEYS.items()}
TABLE = {
    f"kid-{algorithm}": VerifyingKey(f"kid-{algorithm}", algorithm, key.public_key())
    for algorithm, key in KEYS.items()
}
CLAIMS = {
    "sub": USER,
    "sid": SESSION,
    "iat": NOW,
    "exp": NOW + 900,
    "iss": ISSUER,
    "aud": tokens.AUDIENCE,
    "typ": "access",
}


def issued(algorithm: str = "EdDSA", **changes: Any) -> str:
    arguments = {
        "issuer": ISSUER,
        "user_id": USER,
        "session_id": SESSION,
        "now": NOW,
        "ttl_s": 900,
        **changes,
    }
    return tokens.issue(SIGNING[algorithm], **arguments)


def verified(token: str, now: float = NOW + 1) -> tokens.Claims:
    return tokens.verify(token, TABLE, issuer=ISSUER, now=now)


def forged(
    claims: dict[str, Any] | None = None, *, header: dict[str, Any] | None = None, key: Any = KEYS["EdDSA"]
) -> str:
    """Sign any claims with any header, by our own key unless another is given."""
    header = {"alg": "EdDSA", "kid": "kid-EdDSA", **(header or {})}
    claims = CLAIMS if claims is None else claims
    algorithm = header["alg"] if header["alg"] in ("EdDSA", "RS256", "HS256") else "EdDSA"
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def code_of(token: str, now: float = NOW + 1) -> str:
    try:
        verified(token, now)
    except UnknownKey:
        return "UNKNOWN_KEY"
    except Unauthenticated as problem:
        return problem.code
    return "ACCEPTED"


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_a_token_of_ours_is_believed(algorithm: str) -> None:
    assert verified(issued(algorithm)) == (USER, SESSION, NOW + 900)


def test_it_expires_to_the_second() -> None:
    token = issued()
    assert code_of(token, NOW + 899.9) == "ACCEPTED"
    assert code_of(token, NOW + 900) == "TOKEN_EXPIRED"


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_is_required(claim: str) -> None:
    assert (
        code_of(forged({name: value for name, value in CLAIMS.items() if name != claim})) == "INVALID_TOKEN"
    )


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "voicechat/other"),
        ("aud", "elsewhere"),
        ("typ", "refresh"),
        ("typ", "mfa"),
        ("typ", None),
        ("sub", "admin"),
        ("sub", f"{USER}\n"),
        ("sid", "' OR 1=1 --"),
        ("sid", 7),
        ("exp", "tomorrow"),
        ("exp", None),
    ],
)
def test_every_claim_is_checked(claim: str, value: Any) -> None:
    assert code_of(forged({**CLAIMS, claim: value})) == "INVALID_TOKEN"


def test_claims_of_rank_have_no_weight() -> None:
    assert verified(forged({**CLAIMS, "admin": True, "is_admin": True})) == (USER, SESSION, NOW + 900)


def unsigned(header: dict[str, Any]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, CLAIMS)
    ]
    return ".".join([*parts, ""])


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", ""])
def test_unsigned_tokens_are_refused(algorithm: str) -> None:
    assert code_of(unsigned({"alg": algorithm, "kid": "kid-EdDSA"})) == "INVALID_TOKEN"


def hmac_signed(secret: bytes, kid: str) -> str:
    head = unsigned({"alg": "HS256", "kid": kid})[:-1]
    signature = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_a_public_key_is_no_hmac_secret(algorithm: str) -> None:
    pem = tokens.public_pem(KEYS[algorithm]).encode()
    assert code_of(hmac_signed(pem, f"kid-{algorithm}")) == "INVALID_TOKEN"


@pytest.mark.parametrize(("algorithm", "kid"), [("EdDSA", "kid-RS256"), ("RS256", "kid-EdDSA")])
def test_a_key_has_one_algorithm(algorithm: str, kid: str) -> None:
    token = forged(header={"alg": algorithm, "kid": kid}, key=KEYS[algorithm])
    assert code_of(token) == "INVALID_TOKEN"


@pytest.mark.parametrize(
    "kid", ["", "../../secret.key", "' UNION SELECT 1 --", "http://evil.example/jwks", "kid-eddsa", "\x00"]
)
def test_a_key_we_do_not_have_is_never_fetched_or_guessed(kid: str) -> None:
    assert code_of(forged(header={"kid": kid})) == "UNKNOWN_KEY"


@pytest.mark.parametrize("kid", [None, 7, ["kid-EdDSA"], {"kid": "kid-EdDSA"}])
def test_a_kid_that_is_no_text_is_refused(kid: Any) -> None:
    assert code_of(unsigned({"alg": "EdDSA", "kid": kid}) + "AAAA") == "INVALID_TOKEN"


def test_keys_that_a_token_brings_along_are_ignored() -> None:
    stranger = Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(stranger.public_key()))
    header = {"jwk": jwk, "jku": "http://127.0.0.1/keys", "x5c": ["MIIB"]}
    assert code_of(forged(header=header, key=stranger)) == "INVALID_TOKEN"


def test_another_servers_token_is_refused() -> None:
    assert code_of(forged(key=Ed25519PrivateKey.generate())) == "INVALID_TOKEN"


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    assert code_of("A" * 1_000_000) == "INVALID_TOKEN"


def test_a_retired_key_verifies_until_its_tokens_have_expired() -> None:
    retired = {"kid-EdDSA": VerifyingKey("kid-EdDSA", "EdDSA", KEYS["EdDSA"].public_key(), NOW + 5.0)}
    token = issued()
    assert tokens.verify(token, retired, issuer=ISSUER, now=NOW + 4)
    with pytest.raises(Unauthenticated):
        tokens.verify(token, retired, issuer=ISSUER, now=NOW + 5)


@given(st.text(max_size=300))
def test_garbage_is_refused_as_such(text: str) -> None:
    assert code_of(text) in ("INVALID_TOKEN", "UNKNOWN_KEY")


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_breaks_a_token(position: int, value: int) -> None:
    token = issued()
    index = position % len(token)
    changed = token[:index] + chr(value) + token[index + 1 :]
    raw = [part.rstrip("=") for part in changed.split(".")]
    if raw == token.split(".") or _same_bits(changed, token):
        return
    assert code_of(changed) != "ACCEPTED"


def _same_bits(left: str, right: str) -> bool:
    """Base64's last character may carry bits that mean nothing."""
    try:
        pairs = zip(left.split("."), right.split("."), strict=True)
        return all(_decoded(a) == _decoded(b) for a, b in pairs)
    except ValueError:
        return False


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
