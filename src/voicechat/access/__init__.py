"""Who are you, and may you: tokens and sessions, permissions, and what a member sees of a guild.

authenticate(house, token)                        → Caller, or Unauthenticated
require(house, caller, channel_id, Permission.X)  → InChannel, or NotFound / Forbidden
require_in_guild, require_in_channel              the same inside a unit of work, with its connection
permissions.resolve                               the maths, pure
view                                              guilds, roles, channels, members as a member sees them
"""

from voicechat.access.keys import Keys, keep_keys_fresh, open_keys
from voicechat.access.require import (
    InChannel,
    InGuild,
    find_all_in_channel,
    find_in_category,
    find_in_channel,
    find_in_guild,
    forbidden,
    require,
    require_bits,
    require_held,
    require_in_channel,
    require_in_guild,
    require_known,
    require_outranks,
)
from voicechat.access.sessions import authenticate

__all__ = [
    "InChannel",
    "InGuild",
    "Keys",
    "authenticate",
    "find_all_in_channel",
    "find_in_category",
    "find_in_channel",
    "find_in_guild",
    "forbidden",
    "keep_keys_fresh",
    "open_keys",
    "require",
    "require_bits",
    "require_held",
    "require_in_channel",
    "require_in_guild",
    "require_known",
    "require_outranks",
]
