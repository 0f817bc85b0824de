"""May you? The question every room asks, inside its own unit of work or on its own.

Who is not in the guild, or may not see the channel, is told what those are told who ask for an id that never
was: NotFound. Who may see it and lacks another bit is told which: Forbidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from voicechat.access import queries
from voicechat.access.permissions import Standing, lacking, names, unknown
from voicechat.errors import Forbidden, Invalid, NotFound
from voicechat.house import Caller, House
from voicechat.protocol.permissions import Permission
from voicechat.storage import Connection


class InGuild(NamedTuple):
    """A member in their guild: what they may do guild-wide, and how high they stand."""

    guild_id: str
    user_id: str
    bits: int
    rank: int

    def may(self, permission: Permission) -> bool:
        """Tell whether the member has this bit."""
        return bool(self.bits & permission)


class InChannel(NamedTuple):
    """A member in a channel or category they may see: what they may do there, and how high they stand."""

    guild_id: str
    user_id: str
    channel_id: str | None
    channel_type: str | None
    bits: int
    rank: int

    def may(self, permission: Permission) -> bool:
        """Tell whether the member has this bit here."""
        return bool(self.bits & permission)


async def find_in_guild(conn: Connection, user_id: str, guild_id: str) -> InGuild | None:
    """Return a member of a guild, or None when the user is none."""
    standing = await queries.standing(conn, guild_id, user_id)
    return None if standing is None else in_guild(guild_id, user_id, standing)


def in_guild(guild_id: str, user_id: str, standing: Standing) -> InGuild:
    """Sum up a standing."""
    return InGuild(guild_id, user_id, standing.bits, standing.rank)


async def require_in_guild(conn: Connection, user_id: str, guild_id: str, *needed: Permission) -> InGuild:
    """Return the member, who has all the needed bits guild-wide; raises NotFound or Forbidden."""
    member = await find_in_guild(conn, user_id, guild_id)
    if member is None:
        raise NotFound("there is no such guild")
    require_bits(member.bits, *needed)
    return member


async def find_in_channel(conn: Connection, user_id: str, channel_id: str) -> InChannel | None:
    """Return a member in a channel, or None when they may not see it."""
    return _seen(user_id, await queries.channel(conn, channel_id, user_id))


async def find_all_in_channel(
    conn: Connection, user_ids: Sequence[str], channel_id: str
) -> dict[str, InChannel]:
    """Return each of the users in a channel who sees it."""
    places = await queries.channel_of_members(conn, channel_id, user_ids)
    found = {user_id: _seen(user_id, place) for user_id, place in places.items()}
    return {user_id: here for user_id, here in found.items() if here is not None}


async def find_in_category(conn: Connection, user_id: str, category_id: str) -> InChannel | None:
    """Return a member in a category, or None when its channels are hidden from them."""
    return _seen(user_id, await queries.category(conn, category_id, user_id))


async def require_in_channel(
    conn: Connection, user_id: str, channel_id: str, *needed: Permission
) -> InChannel:
    """Return the member, who sees the channel and has the needed bits there; raises NotFound or Forbidden."""
    place = await find_in_channel(conn, user_id, channel_id)
    if place is None:
        raise NotFound("there is no such channel")
    require_bits(place.bits, *needed)
    return place


async def require(house: House, caller: Caller, channel_id: str, *needed: Permission) -> InChannel:
    """Ask `require_in_channel` for the caller, in a unit of its own."""

    async def ask(conn: Connection) -> InChannel:
        return await require_in_channel(conn, caller.user_id, channel_id, *needed)

    return await house.db.run(ask)


def require_bits(bits: int, *needed: Permission) -> None:
    """Raise Forbidden, naming the first needed bit that is missing."""
    for permission in needed:
        if not bits & permission:
            raise forbidden(permission)


def forbidden(permission: Permission) -> Forbidden:
    """Make the refusal for a missing bit."""
    return Forbidden(
        f"you need the permission {permission.name} here",
        code="MISSING_PERMISSION",
        details={"permission": permission.name},
    )


def require_held(bits: int, moved: int) -> None:
    """Raise Forbidden when somebody would grant, deny or take bits that they lack themselves."""
    missing = lacking(bits, moved)
    if missing:
        raise Forbidden(
            "you can only grant or deny permissions that you have yourself",
            code="CANNOT_ESCALATE",
            details={"permissions": names(missing)},
        )


def require_known(bits: int) -> None:
    """Raise Invalid for bits that no permission has."""
    if unknown(bits):
        raise Invalid(f"the bits {unknown(bits):#x} belong to no permission", code="UNKNOWN_PERMISSION")


def require_outranks(actor_rank: int, target_rank: int) -> None:
    """Raise Forbidden unless the actor stands strictly above the target."""
    if actor_rank <= target_rank:
        raise Forbidden(
            "you can only act on roles and members below your own highest role", code="ROLE_HIERARCHY"
        )


def _seen(user_id: str, place: queries.Place | None) -> InChannel | None:
    bits = 0 if place is None else place.bits
    if place is None or not bits & Permission.VIEW_CHANNEL:
        return None
    rank = place.standing.rank
    return InChannel(place.guild_id, user_id, place.channel_id, place.channel_type, bits, rank)
