"""The difference between what was shown and what is seen, as events that a client can follow blindly."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from voicechat import protocol
from voicechat.features.guilds import rules
from voicechat.ids import new_id
from voicechat.protocol.accounts import User
from voicechat.protocol.channels import (
    Category,
    CategoryCreated,
    CategoryDeleted,
    CategoryUpdated,
    Channel,
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
)
from voicechat.protocol.guilds import Guild, GuildCreated, GuildDeleted, GuildSnapshot, GuildUpdated, Member

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GUILD, USER = new_id(), new_id()
CATEGORIES = [new_id() for _ in range(3)]
CHANNELS = [new_id() for _ in range(4)]

categories = st.dictionaries(st.sampled_from(CATEGORIES), st.sampled_from(["a", "b"]))


@st.composite
def snapshots(draw: st.DrawFn) -> GuildSnapshot:
    shown = draw(categories)
    channels = draw(
        st.dictionaries(
            st.sampled_from(CHANNELS),
            st.tuples(
                st.sampled_from(["a", "b"]),
                st.sampled_from([None, *shown]),
                st.integers(0, 3),
                st.integers(0, 5),
            ),
        )
    )
    return snapshot(shown, channels, draw(st.integers(0, 3)))


def snapshot(
    shown: dict[str, str], channels: dict[str, tuple[str, str | None, int, int]], permissions: int = 0
) -> GuildSnapshot:
    return GuildSnapshot(
        guild=Guild(
            id=GUILD, name="G", owner_id=USER, member_count=1, my_permissions=permissions, created_at=NOW
        ),
        roles=[],
        categories=[Category(id=key, guild_id=GUILD, name=name, position=0) for key, name in shown.items()],
        channels=[
            Channel(
                id=key,
                guild_id=GUILD,
                name=name,
                channel_type="text",
                category_id=category_id,
                position=0,
                my_permissions=bits,
                unread_count=unread,
                created_at=NOW,
            )
            for key, (name, category_id, bits, unread) in channels.items()
        ],
        voice_states=[],
        me=Member(user=User(id=USER, username="u", display_name="u"), joined_at=NOW),
    )


class Client:
    """Applies events and complains about what cannot follow."""

    def __init__(self, first: GuildSnapshot) -> None:
        self.permissions = first.guild.my_permissions
        self.categories = {category.id: category for category in first.categories}
        self.channels = {channel.id: channel for channel in first.channels}

    def apply(self, event: protocol.Event) -> None:
        match event:
            case GuildUpdated():
                assert isinstance(event.my_permissions, int)
                self.permissions = event.my_permissions
            case CategoryCreated(category=category):
                assert category.id not in self.categories
                self.categories[category.id] = category
            case CategoryUpdated(category=category):
                assert category.id in self.categories
                self.categories[category.id] = category
            case CategoryDeleted(category_id=category_id):
                del self.categories[category_id]
                assert all(channel.category_id != category_id for channel in self.channels.values())
            case ChannelCreated(channel=channel):
                assert channel.id not in self.channels
                self._place(channel)
            case ChannelUpdated(channel=channel):
                assert channel.id in self.channels
                self._place(channel)
            case ChannelDeleted(channel_id=channel_id):
                del self.channels[channel_id]

    def _place(self, channel: Channel) -> None:
        assert channel.category_id is None or channel.category_id in self.categories
        self.channels[channel.id] = channel

    def seen(self) -> tuple[object, ...]:
        prints = {channel.id: rules.channel_print(channel) for channel in self.channels.values()}
        return self.permissions, self.categories, prints


@given(snapshots(), snapshots())
def test_a_client_that_follows_ends_where_the_server_is(before: GuildSnapshot, after: GuildSnapshot) -> None:
    client = Client(before)
    for event in rules.changes(GUILD, rules.shown(before), after, "left"):
        client.apply(event)
    assert client.seen() == Client(after).seen()


@given(snapshots())
def test_nothing_is_told_of_nothing(same: GuildSnapshot) -> None:
    assert rules.changes(GUILD, rules.shown(same), same, "left") == []


def test_unread_messages_are_no_change() -> None:
    before = snapshot({}, {CHANNELS[0]: ("a", None, 1, 0)})
    after = snapshot({}, {CHANNELS[0]: ("a", None, 1, 7)})
    assert rules.changes(GUILD, rules.shown(before), after, "left") == []


def test_guilds_come_whole_and_go_whole() -> None:
    now = snapshot({}, {})
    assert rules.changes(GUILD, None, now, "left") == [GuildCreated(guild=now)]
    assert rules.changes(GUILD, rules.shown(now), None, "kicked") == [
        GuildDeleted(guild_id=GUILD, reason="kicked")
    ]
    assert rules.changes(GUILD, None, None, "left") == []


@given(snapshots(), snapshots(), st.sampled_from(CHANNELS))
def test_one_channels_change_is_told_like_the_guilds(
    before: GuildSnapshot, after: GuildSnapshot, channel_id: str
) -> None:
    shown = rules.shown(before)
    now = next((channel for channel in after.channels if channel.id == channel_id), None)
    told = rules.channel_changes(GUILD, channel_id, shown, now)
    whole = [
        event
        for event in rules.changes(GUILD, shown, after, "left")
        if getattr(event, "channel_id", None) == channel_id
        or getattr(getattr(event, "channel", None), "id", None) == channel_id
    ]
    assert told == whole
    remembered = rules.with_channel(shown, channel_id, now)
    assert rules.channel_changes(GUILD, channel_id, remembered, now) == []
