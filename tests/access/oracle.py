"""Permission resolution written a second time, slowly and bit by bit, from the words of the contract.

Shares nothing with `voicechat.access.permissions`: no bit arithmetic, no sums, no early masks. A role is a
set of bit numbers; an override is two sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field

VIEW_CHANNEL = 24
READ_HISTORY = 26
BITS = range(34)


@dataclass(frozen=True)
class Override:
    allow: frozenset[int] = frozenset()
    deny: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Place:
    """The overrides of one category or channel: of @everyone, of roles by name, of members by name."""

    everyone: Override = Override()
    roles: dict[str, Override] = field(default_factory=dict)
    members: dict[str, Override] = field(default_factory=dict)


@dataclass(frozen=True)
class Guild:
    owner: str
    everyone: frozenset[int]
    roles: dict[str, frozenset[int]]
    holders: dict[str, frozenset[str]]  # member → names of their roles
    timed_out: frozenset[str]


def may_in_guild(guild: Guild, member: str, bit: int) -> bool:
    """Owner → all. Else @everyone or any own role; in a timeout only looking and reading."""
    if member == guild.owner:
        return True
    if member in guild.timed_out and bit not in (VIEW_CHANNEL, READ_HISTORY):
        return False
    return _has_before_overrides(guild, member, bit)


def may_in_channel(guild: Guild, member: str, category: Place, channel: Place, bit: int) -> bool:
    """The same, changed by the category's overrides and then the channel's; nothing without the view."""
    if member == guild.owner:
        return True
    if not _survives(guild, member, category, channel, VIEW_CHANNEL):
        return False
    if member in guild.timed_out and bit not in (VIEW_CHANNEL, READ_HISTORY):
        return False
    return _survives(guild, member, category, channel, bit)


def _has_before_overrides(guild: Guild, member: str, bit: int) -> bool:
    if bit in guild.everyone:
        return True
    return any(bit in guild.roles[role] for role in guild.holders.get(member, frozenset()))


def _survives(guild: Guild, member: str, category: Place, channel: Place, bit: int) -> bool:
    has = _has_before_overrides(guild, member, bit)
    for place in (category, channel):
        for step in _steps(guild, member, place):
            if any(bit in override.allow for override in step):
                has = True
            if any(bit in override.deny for override in step):
                has = False
    return has


def _steps(guild: Guild, member: str, place: Place) -> list[list[Override]]:
    own_roles = guild.holders.get(member, frozenset())
    return [
        [place.everyone],
        [override for role, override in place.roles.items() if role in own_roles],
        [override for name, override in place.members.items() if name == member],
    ]
