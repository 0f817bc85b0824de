"""Who may register, and under which names. Pure."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from voicechat.errors import Forbidden, Invalid
from voicechat.settings import Settings

# Names that speak for the server or address everybody. Compared as skeletons, so adm1n_ is admin too.
_RESERVED = (
    "admin administrator root system server superuser sysadmin staff support moderator mod mods security "
    "official help helpdesk voicechat everyone here all null undefined nobody anonymous "
    "deleted deleteduser webhook"
)
_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "l": "i", "3": "e", "4": "a", "5": "s", "7": "t", "_": None})
_SKELETONS = frozenset(word.translate(_LOOKALIKES) for word in _RESERVED.split())


class Door(NamedTuple):
    """How the server stands towards somebody who wants to register."""

    policy: str
    is_first: bool  # no account was made yet: this one becomes system admin
    needs_setup_token: bool
    has_setup_token: bool  # and it is the right one
    has_invite: bool


def check_door(door: Door) -> None:
    """Raise Forbidden for who may not register. The first account is admitted whatever the policy."""
    if door.is_first:
        if door.needs_setup_token and not door.has_setup_token:
            raise Forbidden(
                "the first account needs the set-up token that the server printed when it started",
                code="SETUP_TOKEN_REQUIRED",
            )
        return
    if door.policy == "closed":
        raise Forbidden("this server takes no new accounts", code="REGISTRATION_CLOSED")
    if door.policy == "invite_only" and not door.has_invite:
        raise Forbidden("this server takes new accounts by invite only", code="INVITE_REQUIRED")


def check_username(username: str) -> None:
    """Raise Invalid for reserved usernames and those that look like one."""
    if username.translate(_LOOKALIKES) in _SKELETONS:
        raise Invalid(f"the username {username} is reserved; choose another", code="USERNAME_RESERVED")


def check_password(username: str, password: str) -> None:
    """Raise Invalid for a password that is the username."""
    if password.casefold() == username:
        raise Invalid("the password must not be the username", code="WEAK_PASSWORD")


def is_exposed(settings: Settings) -> bool:
    """Tell whether others than this machine may reach the server: then anybody could register first."""
    if settings.server.trusted_proxies:
        return True
    hosts = [settings.server.host]
    if settings.server.public_url:
        hosts.append(urlsplit(settings.server.public_url).hostname or "")
    return not all(map(_is_loopback, hosts))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


# First match wins: browsers name their ancestors too.
_PROGRAMS = (
    ("VoiceChat", "VoiceChat"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Say in a few words what a User-Agent header tells of a device: `Firefox on Linux`."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), "Unknown client")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    return program if system is None else f"{program} on {system}"
