"""Permission bits, numbered for good: a bit is never moved nor used again for another meaning."""

from __future__ import annotations

from enum import IntFlag


class Permission(IntFlag):
    """What a member may do; a role, an override and a resolved set are all sums of these."""

    SEND_MESSAGES = 1 << 0
    EMBED_LINKS = 1 << 1
    ATTACH_FILES = 1 << 2
    USE_EMOJI = 1 << 3
    ADD_REACTIONS = 1 << 4
    VOICE_CONNECT = 1 << 5
    VOICE_SPEAK = 1 << 6
    VOICE_MUTE_OTHERS = 1 << 7
    VOICE_DEAFEN_OTHERS = 1 << 8
    VOICE_MOVE_MEMBERS = 1 << 9
    MANAGE_MESSAGES = 1 << 10
    TIMEOUT_MEMBERS = 1 << 11
    KICK_MEMBERS = 1 << 12
    BAN_MEMBERS = 1 << 13
    MANAGE_CHANNELS = 1 << 14
    MANAGE_ROLES = 1 << 15
    VIEW_AUDIT_LOG = 1 << 16
    MANAGE_GUILD = 1 << 17
    TRANSFER_OWNERSHIP = 1 << 18
    CREATE_INVITE = 1 << 19
    MANAGE_INVITES = 1 << 20
    MANAGE_PAGES = 1 << 21
    SCREEN_SHARE = 1 << 22
    MENTION_EVERYONE = 1 << 23
    VIEW_CHANNEL = 1 << 24
    PIN_MESSAGES = 1 << 25
    READ_HISTORY = 1 << 26
    MANAGE_WEBHOOKS = 1 << 27
    USE_VOICE_ACTIVITY = 1 << 28
    PRIORITY_SPEAKER = 1 << 29
    USE_VIDEO = 1 << 30
    WHISPER = 1 << 31
    MANAGE_EMOJI = 1 << 32
    MANAGE_THREADS = 1 << 33


ALL_PERMISSIONS = Permission((1 << 34) - 1)

EVERYONE_DEFAULT = (
    Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.USE_EMOJI
    | Permission.ADD_REACTIONS
    | Permission.VOICE_CONNECT
    | Permission.VOICE_SPEAK
    | Permission.SCREEN_SHARE
    | Permission.CREATE_INVITE
    | Permission.VIEW_CHANNEL
    | Permission.READ_HISTORY
    | Permission.USE_VOICE_ACTIVITY
    | Permission.USE_VIDEO
    | Permission.WHISPER
)
"""What @everyone may do in a new guild."""

TIMED_OUT = Permission.VIEW_CHANNEL | Permission.READ_HISTORY
"""All that remains to a member in a timeout."""
