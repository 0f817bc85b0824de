"""What a message may say and whom it addresses. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from voicechat.errors import Conflict, Invalid
from voicechat.protocol.messages import Message

MENTIONS_AT_MOST = 50
"""Names looked up in one message; those after them are only text."""

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_NAME = re.compile(r"(?<![\w@])@([a-z0-9_]{3,32})(?![a-z0-9_])")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class Mentioned(NamedTuple):
    """Whom the text addresses, before anybody asked whether it may: all, those here, usernames."""

    everyone: bool
    here: bool
    usernames: list[str]


def clean(content: str) -> str:
    """Return the content without the space around it; raises Invalid when there is nothing to see."""
    if all(unicodedata.category(character)[0] in "ZC" for character in content):
        raise Invalid("expected a message with something to see in it", code="EMPTY_MESSAGE")
    return content.strip()


def mentioned(content: str) -> Mentioned:
    """Find @everyone, @here and @usernames outside of code."""
    names = dict.fromkeys(_NAME.findall(_CODE.sub(" ", content)))
    usernames = [name for name in names if name not in ("everyone", "here")]
    return Mentioned("everyone" in names, "here" in names, usernames[:MENTIONS_AT_MOST])


def mention_type(found: Mentioned, user_ids: Sequence[str], *, may_mention_everyone: bool) -> str:
    """Tell whom the message really addresses."""
    if may_mention_everyone and found.everyone:
        return "everyone"
    if may_mention_everyone and found.here:
        return "here"
    return "user" if user_ids else "none"


def idempotency_key(header: str | None) -> str | None:
    """Check an Idempotency-Key header; raises Invalid."""
    if header is not None and not _KEY.fullmatch(header):
        raise Invalid(
            "expected an Idempotency-Key of 1 to 128 printable ASCII characters", code="BAD_IDEMPOTENCY_KEY"
        )
    return header


def check_repeat(posted: Message, content: str) -> None:
    """Raise Conflict when a key comes with something else to say than what was posted with it.

    Of a message edited or deleted since, what it said at first is not known any more.
    """
    if posted.edited_at is None and posted.content and posted.content != content:
        raise Conflict(
            "this Idempotency-Key was used for another message in this channel", code="IDEMPOTENCY_KEY_REUSED"
        )


def check_encryption(encrypted: bool, nonce: str | None) -> None:
    """Raise Invalid for ciphertext without the nonce that its readers need."""
    if encrypted and nonce is None:
        raise Invalid("an encrypted message needs a nonce", code="MISSING_NONCE")
