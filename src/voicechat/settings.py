"""Every knob of the server on one page, read once from the environment.

Each field is set by the variable named in `VARIABLES`, or by the file that `<VARIABLE>_FILE` names. An
unknown `VOICECHAT_*` variable is an error, so a misspelt one is never silently ignored. This is the only
module that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from voicechat.errors import Invalid

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Secret(str):
    """Text that never shows itself in a repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the web side listens and what it believes about the network before it."""

    host: str = "127.0.0.1"
    port: Port = 8080
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "VoiceChat"
    public_url: str = ""  # https://voice.example.org; empty: what the browser says
    trusted_proxies: str = ""  # CIDRs, comma separated, whose X-Forwarded-For is believed
    data_dir: str = "./data"
    shutdown_grace_s: Positive = 10


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PostgreSQL; an empty url starts the embedded one under the data folder."""

    url: Secret = Secret("")
    pool: Annotated[int, msgspec.Meta(ge=2, le=200)] = 10


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Redis; an empty url starts the embedded one under the data folder."""

    url: Secret = Secret("")


class MediaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The voice port and the engine's limits."""

    host: str = ""  # address to bind; empty: the web side's host
    port: Port = 7882
    tcp: bool = True  # on the same port too, for clients whose network blocks UDP
    public_ip: str = ""  # comma separated IPv4/IPv6; empty: found from the interfaces
    stun_server: str = ""  # host:port asked for our address at the start; empty: nobody
    slots: Annotated[int, msgspec.Meta(ge=1, le=28)] = 16  # voices at once; offered to everybody who joins
    video_slots: Annotated[int, msgspec.Meta(ge=4, le=32)] = 16  # pictures at once; offered as they begin
    max_quality: Annotated[str, msgspec.Meta(pattern="^(low|medium|high|premium)$")] = "premium"  # of video
    max_peers: Annotated[int, msgspec.Meta(ge=2, le=65535)] = 2000
    room_peers: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 100
    push_to_talk_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0  # what one press opens


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may come in, and for how long."""

    registration_policy: Annotated[str, msgspec.Meta(pattern="^(open|invite_only|closed)$")] = "open"
    access_ttl_s: Positive = 900
    refresh_ttl_s: Positive = 30 * 86_400
    jwt_algorithm: Annotated[str, msgspec.Meta(pattern="^(EdDSA|RS256)$")] = "EdDSA"
    secret_key: Secret = Secret("")  # 32 bytes hex; empty: made in the data folder on first start
    argon2_memory_kib: Annotated[int, msgspec.Meta(ge=1024)] = 19_456
    argon2_parallel: Positive = 2  # password hashes worked on at once


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on what callers may send and hold."""

    enabled: bool = True
    body_bytes: Positive = 256 * 1024
    frame_bytes: Positive = 16 * 1024
    answer_bytes: Positive = 64 * 1024  # a frame with an SDP answer, which names every media section
    connections_per_user: Positive = 20
    connections_total: Positive = 10_000
    connections_per_address: Positive = 500  # TCP; an IPv6 /64 is one address
    guilds_per_user: Positive = 100
    members_per_guild: Positive = 5_000
    channels_per_guild: Positive = 500
    invites_per_guild: Positive = 100


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The WebSocket's clockwork."""

    heartbeat_interval_s: Annotated[float, msgspec.Meta(gt=0)] = 20.0
    resume_window_s: Annotated[float, msgspec.Meta(ge=0)] = 90.0
    replay_events: Positive = 1_000
    outbox_events: Positive = 2_000
    outbox_bytes: Positive = 4 * 1024 * 1024


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The private listener for Prometheus; it has no authentication."""

    host: str = "127.0.0.1"
    port: Port | None = None  # None: there is no such listener


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the log is written."""

    style: Annotated[str, msgspec.Meta(pattern="^(pretty|json)$")] = "pretty"
    level: Annotated[str, msgspec.Meta(pattern="^(debug|info|warning|error)$")] = "info"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings, a group for each part of the house."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    media: MediaSettings = MediaSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitSettings = LimitSettings()
    gateway: GatewaySettings = GatewaySettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()


_SCHEMES = {"DATABASE_URL": ("postgresql", "postgres"), "REDIS_URL": ("redis", "rediss", "unix")}
_PLAIN_NAMES = {"DATABASE_URL": ("database", "url"), "REDIS_URL": ("redis", "url")}


def _variables() -> dict[str, tuple[str, str]]:
    """Name every setting's variable: VOICECHAT_<GROUP>_<FIELD>, the server group's without its name."""
    names = dict(_PLAIN_NAMES)
    for group in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(group.type):
            if (group.name, field.name) in _PLAIN_NAMES.values():
                continue
            prefix = "VOICECHAT" if group.name == "server" else f"VOICECHAT_{group.name.upper()}"
            names[f"{prefix}_{field.name.upper()}"] = (group.name, field.name)
    return names


VARIABLES: Mapping[str, tuple[str, str]] = _variables()


def load(
    environ: Mapping[str, str] | None = None, overrides: Mapping[tuple[str, str], Any] | None = None
) -> Settings:
    """Build the settings from the environment; `overrides` (command line) win over it.

    Raises Invalid naming the variable, what was expected and what came.
    """
    environ = os.environ if environ is None else environ
    groups: dict[str, dict[str, Any]] = {}
    for name, value in _given(environ).items():
        group, field = VARIABLES[name]
        groups.setdefault(group, {})[field] = _converted(name, group, field, value)
    for (group, field), value in (overrides or {}).items():
        groups.setdefault(group, {})[field] = _converted(f"--{field}", group, field, value)
    types = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    return Settings(**{group: types[group](**values) for group, values in groups.items()})


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Collect the variables that are set, by value or by file, and refuse unknown names."""
    given: dict[str, str] = {}
    for name, value in environ.items():
        plain = name.removesuffix("_FILE")
        if name in VARIABLES:
            given[name] = value
        elif plain in VARIABLES:
            given[plain] = _file_content(name, value)
        elif name.startswith("VOICECHAT_"):
            raise Invalid(f"unknown setting {name}; `voicechat serve --check` lists the known ones")
    return given


def _file_content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise Invalid(f"{name} names the file {path}, which cannot be read: {problem.strerror}") from problem


def _converted(name: str, group: str, field: str, value: Any) -> Any:
    group_type = {entry.name: entry.type for entry in msgspec.structs.fields(Settings)}[group]
    expected = {entry.name: entry.type for entry in msgspec.structs.fields(group_type)}[field]
    if expected is Secret:
        _require_scheme(name.removesuffix("_FILE"), value)
        return Secret(value)
    try:
        return msgspec.convert(value, expected, strict=False)
    except msgspec.ValidationError as problem:
        raise Invalid(f"{name}: {problem} (given: {value!r})") from problem


def _require_scheme(name: str, url: str) -> None:
    """Refuse the address of a store at the start, not after a long wait for it; it may hold a password."""
    schemes = _SCHEMES.get(name)
    if url and schemes and url.partition("://")[0] not in schemes:
        raise Invalid(f"{name}: expected an address that begins with {schemes[0]}://")


def page(settings: Settings) -> list[tuple[str, str]]:
    """List every variable with its effective value, secrets masked."""
    rows = []
    for name, (group, field) in sorted(VARIABLES.items()):
        value = getattr(getattr(settings, group), field)
        rows.append((name, _shown(value)))
    return rows


def _shown(value: Any) -> str:
    if isinstance(value, Secret) and value:
        return "***"
    return "" if value is None else str(value)
