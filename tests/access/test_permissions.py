"""The resolver agrees with the slow oracle on everything, and with the tables of what people expect."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.access import oracle
from voicechat.access.permissions import ALL, NO_OVERRIDES, OWNER_RANK, Overrides, Standing, names, resolve
from voicechat.access.require import require_held, require_known, require_outranks
from voicechat.errors import Forbidden, Invalid
from voicechat.protocol.permissions import EVERYONE_DEFAULT, Permission

ROLES = ("low", "middle", "high")
MEMBERS = ("owner", "ann", "bob")

bit_sets = st.frozensets(st.integers(0, 33), max_size=34)
overrides = st.builds(oracle.Override, bit_sets, bit_sets)
places = st.builds(
    oracle.Place,
    overrides,
    st.dictionaries(st.sampled_from(ROLES), overrides),
    st.dictionaries(st.sampled_from(MEMBERS), overrides),
)
guilds = st.builds(
    oracle.Guild,
    st.just("owner"),
    bit_sets,
    st.fixed_dictionaries(dict.fromkeys(ROLES, bit_sets)),
    st.dictionaries(st.sampled_from(MEMBERS), st.frozensets(st.sampled_from(ROLES))),
    st.frozensets(st.sampled_from(MEMBERS)),
)


def mask(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in bits)


def union(sets: Iterable[frozenset[int]]) -> int:
    return mask(frozenset().union(*sets))


def standing_of(guild: oracle.Guild, member: str) -> Standing:
    own = guild.holders.get(member, frozenset())
    return Standing(
        is_owner=guild.owner == member,
        is_timed_out=member in guild.timed_out,
        everyone_bits=mask(guild.everyone),
        role_bits=union(guild.roles[role] for role in own),
        role_rank=max((ROLES.index(role) + 1 for role in own), default=0),
    )


def overrides_of(guild: oracle.Guild, member: str, place: oracle.Place) -> Overrides:
    own = [place.roles[role] for role in guild.holders.get(member, frozenset()) if role in place.roles]
    personal = place.members.get(member, oracle.Override())
    return Overrides(
        mask(place.everyone.allow),
        mask(place.everyone.deny),
        union(override.allow for override in own),
        union(override.deny for override in own),
        mask(personal.allow),
        mask(personal.deny),
    )


@given(guilds, places, places, st.sampled_from(MEMBERS))
def test_every_bit_in_a_channel_is_as_the_oracle_says(
    guild: oracle.Guild, category: oracle.Place, channel: oracle.Place, member: str
) -> None:
    expected = mask(
        bit for bit in oracle.BITS if oracle.may_in_channel(guild, member, category, channel, bit)
    )
    resolved = resolve(
        standing_of(guild, member),
        overrides_of(guild, member, category),
        overrides_of(guild, member, channel),
    )
    assert resolved == expected


@given(guilds, st.sampled_from(MEMBERS))
def test_every_bit_in_a_guild_is_as_the_oracle_says(guild: oracle.Guild, member: str) -> None:
    expected = mask(bit for bit in oracle.BITS if oracle.may_in_guild(guild, member, bit))
    assert standing_of(guild, member).bits == expected


VIEW, SEND = int(Permission.VIEW_CHANNEL), int(Permission.SEND_MESSAGES)
READ = int(Permission.READ_HISTORY)
NOBODY = Standing(False, False, 0, 0, 0)
PLAIN = Standing(False, False, VIEW | SEND, 0, 0)

TABLE = {
    "nothing is nothing": (NOBODY, NO_OVERRIDES, NO_OVERRIDES, 0),
    "@everyone's bits hold": (PLAIN, NO_OVERRIDES, NO_OVERRIDES, VIEW | SEND),
    "roles add to them": (PLAIN._replace(role_bits=READ), NO_OVERRIDES, NO_OVERRIDES, VIEW | SEND | READ),
    "a private channel hides": (PLAIN, NO_OVERRIDES, Overrides(everyone_deny=VIEW), 0),
    "and a role's allow opens it": (
        PLAIN,
        NO_OVERRIDES,
        Overrides(everyone_deny=VIEW, roles_allow=VIEW),
        VIEW | SEND,
    ),
    "deny wins among roles": (PLAIN, NO_OVERRIDES, Overrides(roles_allow=SEND, roles_deny=SEND), VIEW),
    "the member's own override comes last": (
        PLAIN,
        NO_OVERRIDES,
        Overrides(roles_deny=SEND, member_allow=SEND),
        VIEW | SEND,
    ),
    "and takes away as well": (
        PLAIN,
        NO_OVERRIDES,
        Overrides(roles_allow=READ, member_deny=SEND),
        VIEW | READ,
    ),
    "a channel overrides its category": (
        PLAIN,
        Overrides(everyone_deny=SEND),
        Overrides(everyone_allow=SEND),
        VIEW | SEND,
    ),
    "even with @everyone against a member's": (
        PLAIN,
        Overrides(member_allow=READ),
        Overrides(everyone_deny=READ),
        VIEW | SEND,
    ),
    "without the view nothing counts": (PLAIN, Overrides(member_deny=VIEW), Overrides(member_allow=READ), 0),
    "a timeout leaves looking and reading": (
        PLAIN._replace(is_timed_out=True),
        NO_OVERRIDES,
        Overrides(member_allow=READ),
        VIEW | READ,
    ),
    "a timeout shows nothing hidden": (
        PLAIN._replace(is_timed_out=True),
        NO_OVERRIDES,
        Overrides(everyone_deny=VIEW),
        0,
    ),
    "the owner may all": (NOBODY._replace(is_owner=True), Overrides(everyone_deny=ALL), NO_OVERRIDES, ALL),
    "even in a timeout": (NOBODY._replace(is_owner=True, is_timed_out=True), NO_OVERRIDES, NO_OVERRIDES, ALL),
    "bits nobody knows grant nothing": (
        NOBODY._replace(everyone_bits=1 << 40 | VIEW),
        NO_OVERRIDES,
        Overrides(member_allow=1 << 50),
        VIEW,
    ),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE.keys())
def test_table(case: tuple[Standing, Overrides, Overrides, int]) -> None:
    standing, category, channel, expected = case
    assert resolve(standing, category, channel) == expected


def test_a_timed_out_moderator_moderates_nobody() -> None:
    assert Standing(False, True, int(EVERYONE_DEFAULT), ALL, 9).bits == VIEW | READ


def test_bits_nobody_knows_grant_nothing_in_a_guild_either() -> None:
    assert Standing(False, False, 1 << 40 | VIEW, 1 << 52, 1).bits == VIEW


def test_the_owner_stands_above_every_role() -> None:
    assert Standing(True, False, 0, 0, 0).rank == OWNER_RANK
    require_outranks(OWNER_RANK, 2**31 - 1)


@given(st.integers(0, 1000), st.integers(0, 1000))
@example(3, 3)
def test_only_those_strictly_above_may_act(actor: int, target: int) -> None:
    if actor > target:
        require_outranks(actor, target)
    else:
        with pytest.raises(Forbidden) as refusal:
            require_outranks(actor, target)
        assert refusal.value.code == "ROLE_HIERARCHY"


def test_nobody_moves_bits_they_lack() -> None:
    require_held(VIEW | SEND, SEND)
    with pytest.raises(Forbidden) as refusal:
        require_held(VIEW, SEND | READ | VIEW)
    assert refusal.value.details == {"permissions": ["SEND_MESSAGES", "READ_HISTORY"]}


@pytest.mark.parametrize("bit", [34, 52])
def test_bits_without_a_name_are_refused(bit: int) -> None:
    with pytest.raises(Invalid):
        require_known(1 << bit)


def test_names_go_from_the_lowest_bit() -> None:
    assert names(ALL) == [bit.name for bit in Permission]
