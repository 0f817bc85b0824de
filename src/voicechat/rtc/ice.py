"""ICE-lite for one peer (RFC 8445 §2.5): which addresses have proved themselves, and which to send to.

A lite agent sends no checks; it answers those of the client, and every address an authenticated check
came from is a valid tuple. Only valid tuples may send us DTLS and SRTP. Browsers differ in what they
nominate: Chromium one pair, Firefox each pair it checks, so USE-CANDIDATE alone does not say where the
client listens. Until media has been heard, `selected` is the nominated tuple of the highest priority,
which is the pair both browsers choose; from then on the engine follows the newest authenticated,
non-replayed packet.

A check can be recorded and sent again from elsewhere, and its integrity will still hold. Therefore a
transaction is good from one address only: the one it first came from.
"""

from __future__ import annotations

import base64
import ipaddress
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from voicechat.rtc import stun

HostPort = tuple[str, int]
"""An IP address in its canonical text form, and a UDP port."""

Address = HostPort | tuple[str, int, Literal["tcp"]]
"""The far end of a tuple: that, or the same of a TCP connection to us (RFC 6544)."""

MAX_TUPLES = 8  # a client on several networks has a handful; beyond it is noise or an attack
MAX_TRANSACTIONS = 64  # remembered per peer; at 50 checks a second and peer that is over a second
CONSENT_S = 30.0  # RFC 7675 §5.1; Firefox checks each 4-6 s, so fewer losses never end a call


@dataclass(frozen=True, slots=True)
class Credentials:
    """A username fragment and password of one side (RFC 8445 §5.3)."""

    ufrag: str
    password: str


def new_credentials() -> Credentials:
    """Make a fragment of 72 random bits (12 characters) and a password of 144 (24 characters)."""
    return Credentials(_ice_text(9), _ice_text(18))


def _ice_text(random_bytes: int) -> str:
    return base64.b64encode(secrets.token_bytes(random_bytes)).decode("ascii")


def canonical_address(host: str, port: int) -> HostPort:
    """Drop the zone and undo IPv4-mapping, so that one sender has one address on every kind of socket."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), port


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check led to: the answer to send back, and the tuples it made valid or pushed out."""

    reply: bytes | None = None
    added: Address | None = None
    removed: Address | None = None


@dataclass(slots=True)
class _Tuple:
    client_ufrag: str
    priority: int
    nominated: bool
    last_check: float


class IceAgent:
    """The server's end of one peer's ICE; written to by its Peer alone."""

    def __init__(self, credentials: Credentials) -> None:
        self.local = credentials
        self.last_heard: float | None = None
        self._client_ufrag: str | None = None
        self._tuples: dict[Address, _Tuple] = {}
        self._transactions: OrderedDict[bytes, Address] = OrderedDict()

    @property
    def tuples(self) -> tuple[Address, ...]:
        """The addresses that may send."""
        return tuple(self._tuples)

    @property
    def selected(self) -> Address | None:
        """Where to send while no media has been heard: nominated first, then by priority, then the newest."""
        if not self._tuples:
            return None
        return max(self._tuples, key=lambda address: self._rank(self._tuples[address]))

    @staticmethod
    def _rank(entry: _Tuple) -> tuple[bool, int, float]:
        return entry.nominated, entry.priority, entry.last_check

    def receive(self, request: stun.Request, source: Address, now: float) -> Verdict:
        """Judge a check that names this agent; an unauthenticated one gets no answer and leaves no trace."""
        if not self._is_ours(request):
            return Verdict()
        if self._transactions.get(request.transaction_id, source) != source:
            return Verdict()
        self._remember(request.transaction_id, source)
        if request.unknown_attributes:
            return Verdict(stun.error_response(request, stun.UNKNOWN_ATTRIBUTE, self.local.password))
        if request.claims_controlled:
            return Verdict(stun.error_response(request, stun.ROLE_CONFLICT, self.local.password))
        return self._accept(request, source, now)

    def _is_ours(self, request: stun.Request) -> bool:
        if request.server_ufrag != self.local.ufrag:
            return False
        if self._client_ufrag is not None and request.client_ufrag != self._client_ufrag:
            return False
        return stun.is_authentic(request, self.local.password)

    def _remember(self, transaction_id: bytes, source: Address) -> None:
        self._transactions[transaction_id] = source
        if len(self._transactions) > MAX_TRANSACTIONS:
            self._transactions.popitem(last=False)

    def _accept(self, request: stun.Request, source: Address, now: float) -> Verdict:
        self.heard(now)
        reply = stun.success_response(request, source[:2], self.local.password)
        known = self._tuples.get(source)
        if known is not None:
            known.nominated |= request.nominates
            known.priority, known.last_check = request.priority, now
            return Verdict(reply)
        removed = self._make_room()
        self._tuples[source] = _Tuple(request.client_ufrag, request.priority, request.nominates, now)
        return Verdict(reply, added=source, removed=removed)

    def _make_room(self) -> Address | None:
        """Give up the tuple that has been silent the longest when there are too many."""
        if len(self._tuples) < MAX_TUPLES:
            return None
        stalest = min(self._tuples, key=lambda address: self._tuples[address].last_check)
        del self._tuples[stalest]
        return stalest

    def forget(self, address: Address) -> None:
        """Drop a tuple that cannot be sent to any more."""
        self._tuples.pop(address, None)

    def answered(self, client_ufrag: str) -> tuple[Address, ...]:
        """Learn the client's fragment from its answer; tuples of another are returned and forgotten."""
        self._client_ufrag = client_ufrag
        foreign = tuple(a for a, entry in self._tuples.items() if entry.client_ufrag != client_ufrag)
        for address in foreign:
            del self._tuples[address]
        return foreign

    def heard(self, now: float) -> None:
        """Note authenticated inbound traffic of any kind at `now`: it renews consent."""
        self.last_heard = max(now, self.last_heard or now)

    def consent_expires_at(self, consent_s: float = CONSENT_S) -> float | None:
        """Say when consent ends unless the peer is heard again; None before it was first heard."""
        return None if self.last_heard is None else self.last_heard + consent_s
