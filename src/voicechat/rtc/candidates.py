"""Which of the server's addresses a client is told, and how a candidate line reads (RFC 8839 §5.1)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from voicechat.errors import Invalid
from voicechat.rtc.ice import HostPort, canonical_address

MAX_CANDIDATE_BYTES = 512
_HOST_PREFERENCE = 126  # RFC 8445 §5.1.2.1
_HOST_TCP_PREFERENCE = 90  # below every type of UDP but relayed, as browsers rank their own
_PASSIVE_PREFERENCE = 4  # direction preference, RFC 6544 §4.2
_COMPONENT_RTP = 1


def announced_addresses(
    public_ip: str, interfaces: Iterable[str], port: int, reflexive: Sequence[str] = ()
) -> tuple[HostPort, ...]:
    """Choose the addresses to announce: the configured ones, else what a STUN server saw and the interfaces'.

    Outside of loopback that is at most one IPv4 and one IPv6: a client that checks several pairs
    nominates several, and takes longer. Beside a public address that STUN found, a private one of the
    interfaces is announced too, for clients on this side of the NAT. A server on loopback announces the
    machine's own address too, since Firefox sends no checks to 127.0.0.1. `public_ip` is comma separated;
    raises Invalid when one is no address.
    """
    configured = [part.strip() for part in public_ip.split(",") if part.strip()]
    for text in configured:
        if not _is_address(text):
            raise Invalid(f"expected IP addresses in the media setting public_ip, got {text!r}")
    chosen: dict[tuple[int, bool, bool], HostPort] = {}
    for text in configured or (*reflexive, *interfaces):
        address = canonical_address(text, port)
        parsed = ipaddress.ip_address(address[0])
        is_inside = bool(reflexive) and not configured and not parsed.is_global
        chosen.setdefault((parsed.version, parsed.is_loopback, is_inside), address)
    routable = [address for (_, is_loopback, _), address in chosen.items() if not is_loopback]
    loopback = [address for (_, is_loopback, _), address in chosen.items() if is_loopback]
    return tuple(routable + loopback)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def candidate_lines(addresses: Sequence[HostPort], *, tcp: bool = False) -> tuple[str, ...]:
    """Write one host candidate for each address, the first preferred; with `tcp`, one more for each.

    The TCP ones (RFC 6544, passive: the client connects) are for networks that block UDP. They rank behind
    every UDP candidate, so a client that has both uses UDP.
    """
    udp = (
        f"{index + 1} {_COMPONENT_RTP} udp "
        f"{_priority(_HOST_PREFERENCE, 65535 - index)} {host} {port} typ host"
        for index, (host, port) in enumerate(addresses)
    )
    passive = (
        f"{len(addresses) + index + 1} {_COMPONENT_RTP} tcp "
        f"{_priority(_HOST_TCP_PREFERENCE, _PASSIVE_PREFERENCE << 13 | 8191 - index)} "
        f"{host} {port} typ host tcptype passive"
        for index, (host, port) in enumerate(addresses if tcp else ())
    )
    return (*udp, *passive)


def _priority(type_preference: int, local_preference: int) -> int:
    return type_preference << 24 | local_preference << 8 | 256 - _COMPONENT_RTP


def require_candidate(text: str) -> None:
    """Check a candidate of the client, which is then not used: a lite agent learns addresses from checks.

    The empty text is the end of candidates (RFC 8838 §14). Raises Invalid for what is no candidate.
    """
    if len(text) > MAX_CANDIDATE_BYTES:
        raise Invalid(f"expected an ICE candidate of at most {MAX_CANDIDATE_BYTES} bytes, got {len(text)}")
    parts = text.removeprefix("a=").removeprefix("candidate:").split()
    if parts and not (len(parts) >= 8 and parts[6] == "typ"):
        raise Invalid(f"expected an ICE candidate line, got {text[:80]!r}")
