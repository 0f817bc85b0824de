"""ICE-lite for one peer (RFC 8445 §2.5): which addresses have proved themselves, and which to send to.

A lite agent sends no checks; it answers those of the client, and every address an authenticated check
came from is a valid tuple. Only valid tuples may send us DTLS and SRTP. Browsers differ in what they
nominate: Chromium one pair, Firefox each pair it checks, so USE-CANDIDATE alone does not say where the
client listens. Until media has been heard, `selected` is the nominated tuple of the highest priority,
which is the pair both browsers choose; from then on the engine follows the newest authenticated,
non-replayed packet.

On a restart (RFC 8445 §9) the old credentials hold until the first authentic check with the new ones, and
the tuples found with the old ones for a few seconds more: until the client has chosen among the new, its
media comes from where it came.

One check is ours after all: where authentic media comes from an address that never checked, as when a router
gives the client another port, the Peer asks there, and who answers with the client's password is `admit`ted.

A check can be recorded and sent again from elsewhere, and its integrity will still hold. Therefore a
transaction is good from one address only: the one it first came from.
"""

from __future__ import annotations

import base64
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from voicechat.rtc import stun

HostPort = tuple[str, int]
"""An IP address in its canonical text form, and a UDP port."""

Address = HostPort | tuple[str, int, Literal["tcp"] | int]
"""The far end of a tuple: that, or the same of a TCP connection to us (RFC 6544), or on its way to one of our
own addresses, by its number, where we have several: each makes a pair of its own."""

MAX_TUPLES = 8  # a client on several networks has a handful; beyond it is noise or an attack
MAX_TRANSACTIONS = 64  # remembered per peer; at 50 checks a second and peer that is over a second
CONSENT_S = 30.0  # RFC 7675 §5.1; Firefox checks each 4-6 s, so fewer losses never end a call
OVERLAP_S = 3.0  # how long tuples from before a restart are good once the client has chosen a new one


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
    """What a check led to: the answer to send back, and the tuples it made valid or pushed out.

    `retired` is our fragment from before a restart, which holds no more.
    """

    reply: bytes | None = None
    added: Address | None = None
    removed: Address | None = None
    retired: str | None = None


@dataclass(slots=True)
class _Tuple:
    client_ufrag: str
    priority: int
    nominated: bool
    last_check: float
    generation: int


class IceAgent:
    """The server's end of one peer's ICE; written to by its Peer alone."""

    def __init__(self, credentials: Credentials) -> None:
        self.local = credentials
        self.restarting: Credentials | None = None
        self.last_heard: float | None = None
        self._client_ufrag: str | None = None
        self._next_client_ufrag: str | None = None
        self._generation = 0
        self._retire_at: float | None = None
        self._tuples: dict[Address, _Tuple] = {}
        self._transactions: OrderedDict[bytes, Address] = OrderedDict()

    @property
    def tuples(self) -> tuple[Address, ...]:
        """The addresses that may send."""
        return tuple(self._tuples)

    @property
    def selected(self) -> Address | None:
        """Where to send while no media has been heard: nominated first, then by priority, then the newest.

        Of the tuples from before and after a restart, those after it as soon as one is nominated.
        """
        if not self._tuples:
            return None
        return max(self._tuples, key=lambda address: self._rank(self._tuples[address]))

    @staticmethod
    def _rank(entry: _Tuple) -> tuple[bool, int, int, float]:
        return entry.nominated, entry.generation, entry.priority, entry.last_check

    def receive(self, request: stun.Request, source: Address, now: float) -> Verdict:
        """Judge a check that names this agent; an unauthenticated one gets no answer and leaves no trace."""
        credentials = self._addressed(request)
        if credentials is None or not stun.is_authentic(request, credentials.password):
            return Verdict()
        if self._transactions.get(request.transaction_id, source) != source:
            return Verdict()
        self._remember(request.transaction_id, source)
        if request.unknown_attributes:
            return Verdict(stun.error_response(request, stun.UNKNOWN_ATTRIBUTE, credentials.password))
        if request.claims_controlled:
            return Verdict(stun.error_response(request, stun.ROLE_CONFLICT, credentials.password))
        retired = self._promote() if credentials is self.restarting else None
        return replace(self._accept(request, source, now), retired=retired)

    def _addressed(self, request: stun.Request) -> Credentials | None:
        """Return those of our credentials that a check names, unless it is of somebody else than answered."""
        for ours, client_ufrag in (
            (self.local, self._client_ufrag),
            (self.restarting, self._next_client_ufrag),
        ):
            if ours is not None and request.server_ufrag == ours.ufrag:
                return ours if client_ufrag in (None, request.client_ufrag) else None
        return None

    def restart(self, credentials: Credentials) -> None:
        """Let checks with `credentials` begin a new generation; one restart at a time."""
        self.restarting, self._next_client_ufrag = credentials, None

    def _promote(self) -> str:
        """Go over to the credentials of the restart; return the fragment that holds no more."""
        assert self.restarting is not None
        retired = self.local.ufrag
        self.local, self.restarting = self.restarting, None
        self._client_ufrag = self._next_client_ufrag
        self._generation += 1
        self._retire_at = None
        return retired

    def _remember(self, transaction_id: bytes, source: Address) -> None:
        self._transactions[transaction_id] = source
        if len(self._transactions) > MAX_TRANSACTIONS:
            self._transactions.popitem(last=False)

    def _accept(self, request: stun.Request, source: Address, now: float) -> Verdict:
        self.heard(now)
        reply = stun.success_response(request, source[:2], self.local.password)
        known = self._tuples.get(source)
        nominated = request.nominates or (
            known is not None and known.nominated and known.generation == self._generation
        )
        if nominated and self._generation and self._retire_at is None:
            self._retire_at = now + OVERLAP_S
        removed = self._make_room() if known is None else None
        self._tuples[source] = _Tuple(
            request.client_ufrag, request.priority, nominated, now, self._generation
        )
        return Verdict(reply, added=source if known is None else None, removed=removed)

    def admit(self, source: Address, now: float) -> Verdict:
        """Make an address valid that answered a check of ours."""
        self.heard(now)
        if source in self._tuples:
            return Verdict()
        removed = self._make_room()
        self._tuples[source] = _Tuple(self._client_ufrag or "", 0, False, now, self._generation)
        return Verdict(added=source, removed=removed)

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

    def answered(self, client_ufrag: str, ours: str) -> tuple[Address, ...]:
        """Learn the client's fragment from its answer to an offer of `ours`.

        Tuples of another client are returned and forgotten.
        """
        if self.restarting is not None and self.restarting.ufrag == ours:
            self._next_client_ufrag = client_ufrag
            return ()
        self._client_ufrag = client_ufrag
        return self._forget_where(
            lambda entry: entry.generation == self._generation and entry.client_ufrag != client_ufrag
        )

    def retire(self, now: float) -> tuple[Address, ...]:
        """Return and forget the tuples from before a restart once their time is over."""
        if self._retire_at is None or now < self._retire_at:
            return ()
        self._retire_at = float("inf")
        return self._forget_where(lambda entry: entry.generation < self._generation)

    @property
    def retires_at(self) -> float | None:
        """When `retire` is due; None when nothing is."""
        is_due = any(entry.generation < self._generation for entry in self._tuples.values())
        return self._retire_at if is_due else None

    def _forget_where(self, matches: Callable[[_Tuple], bool]) -> tuple[Address, ...]:
        forgotten = tuple(address for address, entry in self._tuples.items() if matches(entry))
        for address in forgotten:
            del self._tuples[address]
        return forgotten

    def heard(self, now: float) -> None:
        """Note authenticated inbound traffic of any kind at `now`: it renews consent."""
        self.last_heard = max(now, self.last_heard or now)

    def consent_expires_at(self, consent_s: float = CONSENT_S) -> float | None:
        """Say when consent ends unless the peer is heard again; None before it was first heard."""
        return None if self.last_heard is None else self.last_heard + consent_s
