"""What a member may do: the resolution of roles and overrides into one set of bits. Pure.

    owner                    → everything
    @everyone | own roles    → what they may do guild-wide
    then, in a channel, for its category and after that for the channel itself:
        @everyone's override   allow, then deny
        own roles' overrides   all allows together, then all denies together: deny wins
        the member's own       allow, then deny
    without VIEW_CHANNEL     → nothing in that channel
    in a timeout             → VIEW_CHANNEL and READ_HISTORY at most

Bits are plain ints here: IntFlag remembers every combination it ever met, and anybody can make new ones.
"""

from __future__ import annotations

from typing import NamedTuple

from voicechat.protocol.permissions import ALL_PERMISSIONS, TIMED_OUT, Permission

ALL = int(ALL_PERMISSIONS)
_TIMED_OUT = int(TIMED_OUT)
_VIEW = int(Permission.VIEW_CHANNEL)

OWNER_RANK = 2**31
"""Above every role's position, which PostgreSQL keeps in 31 bits."""


class Standing(NamedTuple):
    """A member's place in a guild; `role_bits` is the union of their roles, `role_rank` the highest."""

    is_owner: bool
    is_timed_out: bool
    everyone_bits: int
    role_bits: int
    role_rank: int

    @property
    def rank(self) -> int:
        """How high the member stands: 0 without roles, above all roles for the owner."""
        return OWNER_RANK if self.is_owner else self.role_rank

    @property
    def bits(self) -> int:
        """What the member may do guild-wide."""
        if self.is_owner:
            return ALL
        bits = (self.everyone_bits | self.role_bits) & ALL
        return bits & _TIMED_OUT if self.is_timed_out else bits


class Overrides(NamedTuple):
    """What one category or channel changes for a member, summed up for each of the three steps."""

    everyone_allow: int = 0
    everyone_deny: int = 0
    roles_allow: int = 0
    roles_deny: int = 0
    member_allow: int = 0
    member_deny: int = 0

    def apply(self, bits: int) -> int:
        """Change `bits` in the order of the contract."""
        bits = (bits | self.everyone_allow) & ~self.everyone_deny
        bits = (bits | self.roles_allow) & ~self.roles_deny
        return (bits | self.member_allow) & ~self.member_deny


NO_OVERRIDES = Overrides()


def resolve(standing: Standing, category: Overrides = NO_OVERRIDES, channel: Overrides = NO_OVERRIDES) -> int:
    """Return what a member may do in a channel; 0 when they may not even see it."""
    if standing.is_owner:
        return ALL
    bits = channel.apply(category.apply(standing.everyone_bits | standing.role_bits)) & ALL
    if not bits & _VIEW:
        return 0
    return bits & _TIMED_OUT if standing.is_timed_out else bits


def names(bits: int) -> list[str]:
    """Name the bits of a set, lowest first."""
    return [bit.name for bit in Permission if bits & bit and bit.name is not None]


def lacking(bits: int, needed: int) -> int:
    """Return the bits of `needed` that are not in `bits`."""
    return needed & ~bits


def unknown(bits: int) -> int:
    """Return the bits that no permission has."""
    return bits & ~ALL
