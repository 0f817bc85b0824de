"""What an override changes. Pure."""

from __future__ import annotations

from voicechat.errors import Invalid
from voicechat.protocol.channels import Override, PutOverride


def check_override(body: PutOverride) -> None:
    """Raise Invalid for bits that are allowed and denied at once."""
    if body.allow & body.deny:
        raise Invalid(
            f"the bits {body.allow & body.deny:#x} are both allowed and denied", code="ALLOW_AND_DENY"
        )


def touched(before: Override | None, allow: int, deny: int) -> int:
    """Return the bits for which an override of `allow` and `deny` is not what stood before."""
    if before is None:
        return allow | deny
    return (before.allow ^ allow) | (before.deny ^ deny)
