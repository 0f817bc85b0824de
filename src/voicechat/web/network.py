"""Who is at the other end: the client's address, the site's origin, whether the way is encrypted.

Forwarded headers are believed only from the proxies that `VOICECHAT_TRUSTED_PROXIES` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from voicechat.errors import Invalid
from voicechat.settings import ServerSettings

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Network:
    """What the server believes about the network before it."""

    trusted: tuple[IPv4Network | IPv6Network, ...]
    public_url: str

    def client_ip(self, peer: str, headers: Headers) -> str:
        """Return the client's address: the rightmost of X-Forwarded-For that is no trusted proxy.

        Without a trusted peer, or with an unreadable header, it is the peer itself.
        """
        address = _address(peer)
        for hop in reversed(_hops(headers, "X-Forwarded-For")):
            if address is None or not self._trusts(address):
                break
            before = _address(hop)
            if before is None:
                break
            address = before
        return str(address) if address is not None else peer

    def is_encrypted(self, peer: str, scheme: str, headers: Headers) -> bool:
        """Tell whether the browser reaches the site by https."""
        if scheme in ("https", "wss") or self.public_url.startswith("https://"):
            return True
        return self.is_trusted(peer) and _hops(headers, "X-Forwarded-Proto")[-1:] == ["https"]

    def is_own_origin(self, headers: Headers) -> bool:
        """Tell whether the Origin is absent (no browser) or this very site (RFC 6454 §7).

        Only host and port are compared: behind a proxy that ends TLS the server does not see the scheme.
        """
        origin = headers.get("Origin")
        if origin is None:
            return True
        own = {_authority(f"//{headers.get('Host') or ''}", origin), _authority(self.public_url, origin)}
        return _authority(origin, origin) in own - {None}

    def is_trusted(self, ip: str) -> bool:
        """Tell whether `ip` is a trusted proxy."""
        address = _address(ip)
        return address is not None and self._trusts(address)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.trusted)


def open_network(settings: ServerSettings) -> Network:
    """Read the settings; raises Invalid when a trusted proxy is no network."""
    names = [name.strip() for name in settings.trusted_proxies.split(",") if name.strip()]
    try:
        trusted = tuple(ip_network(name, strict=False) for name in names)
    except ValueError as problem:
        raise Invalid(f"VOICECHAT_TRUSTED_PROXIES: expected networks (CIDR), {problem}") from problem
    return Network(trusted=trusted, public_url=settings.public_url)


def rate_group(ip: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 household holds."""
    address = _address(ip)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address) if address is not None else ip


def is_loopback(ip: str) -> bool:
    """Tell whether `ip` is this machine."""
    address = _address(ip)
    return address is not None and address.is_loopback


def _hops(headers: Headers, name: str) -> list[str]:
    """List what each hop has added, the nearest last: to the header, or as another one (RFC 9110 §5.3)."""
    return [hop.strip().lower() for value in headers.getlist(name) for hop in value.split(",")]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _authority(url: str, scheme_of: str) -> tuple[str, int | None] | None:
    """Return host and port of `url`; a missing port is the default one of `scheme_of`'s scheme."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(urlsplit(scheme_of).scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None
