"""What an invite is made of. Pure but for the dice."""

from __future__ import annotations

import secrets
import string

CODE_LENGTH = 12
"""71 bits: at 120 guesses a minute from each of a million addresses, one hit in 30,000 years."""

_ALPHABET = string.digits + string.ascii_letters


def new_code() -> str:
    """Roll an invite's code."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))
