"""One remote endpoint, from its offer to its end: ICE, DTLS and the answer joined into one state machine.

    offered ──answer──▶ answered ──DTLS finished──┐
       │                                          ├─ fingerprints equal ──▶ connected ──▶ gone
       └──DTLS finished──▶ secured ──answer───────┘
    any ──close_notify, DTLS failure, other fingerprint, no connection in time, silence──▶ gone

`secured` is no accident: the client may send DTLS the moment it has applied the offer, while its answer
is still on the way through the WebSocket. The handshake goes on, but no keys leave before the answer's
fingerprint matches. A client whose answer is passive waits instead: then the handshake begins with the first
address that proved itself.

Later offers and their answers, and ICE restarts, change nothing in this: connected stays connected.

Who listens to a silent room and makes no checks, as libnice makes none once it has chosen, is asked whether
it is there before its consent ends: the answer renews it (RFC 7675 §5.1).

Sans-IO: datagrams go in with the time, `poll_transmits` and `poll_events` come out. After every call
that takes `now` the owner drains both, events first (an address must be valid in the engine before the
client learns that it may use it), and then asks `deadline` anew.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass

from voicechat.errors import Conflict
from voicechat.rtc import stun
from voicechat.rtc.dtls import DtlsIdentity, DtlsServer, DtlsState, SrtpKeys
from voicechat.rtc.ice import CONSENT_S, Address, IceAgent, Verdict, new_credentials
from voicechat.rtc.negotiation import Answer, Negotiation, Offer

DTLS_BURST = 64  # a handshake under heavy loss needs some thirty datagrams
DTLS_PER_S = 16
MAX_PROBES = 16
_ASK_AFTER, _ASK_EVERY = 1 / 2, 1 / 6  # of the time after which consent ends: two askings may be lost


class PeerState(enum.Enum):
    """Where a peer stands; see the drawing above."""

    OFFERED = "offered"
    ANSWERED = "answered"
    SECURED = "secured"
    CONNECTED = "connected"
    GONE = "gone"


class GoneReason(enum.StrEnum):
    """Why a peer ended."""

    CLOSED = "closed"  # it said close_notify
    CONSENT = "consent"  # nothing authenticated was heard for too long
    TIMEOUT = "timeout"  # it never connected
    DTLS_FAILED = "dtls_failed"  # no handshake, or not with whom the answer named
    ERROR = "error"  # a fault of ours, logged


@dataclass(frozen=True, slots=True)
class TupleAdded:
    """Accept DTLS and SRTP from `address`."""

    address: Address


@dataclass(frozen=True, slots=True)
class TupleRemoved:
    """Accept nothing from `address` any more."""

    address: Address


@dataclass(frozen=True, slots=True)
class TuplePreferred:
    """Send to `address` while media does not say otherwise."""

    address: Address


@dataclass(frozen=True, slots=True)
class UfragRetired:
    """Take no more checks that name `ufrag`, which was ours before a restart."""

    ufrag: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The keys are agreed with whom the answer named."""

    keys: SrtpKeys
    answer: Answer


@dataclass(frozen=True, slots=True)
class Renegotiated:
    """The client answered a later offer."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Gone:
    """The peer ended; nothing follows."""

    reason: GoneReason
    detail: str = ""


PeerEvent = TupleAdded | TupleRemoved | TuplePreferred | UfragRetired | Connected | Renegotiated | Gone


@dataclass(frozen=True, slots=True)
class PeerTimers:
    """How long a peer may take to connect, and how long it may be silent afterwards."""

    connect_s: float = 20.0
    consent_s: float = CONSENT_S
    reconnect_s: float = 8.0  # Chromium tries to restore a lost TCP connection for five


class Peer:
    """The server's end of one client's connection; written to by its media room alone."""

    def __init__(
        self,
        offer: Offer,
        identity: DtlsIdentity,
        now: float,
        timers: PeerTimers | None = None,
        *,
        tag: bytes = bytes(4),
    ) -> None:
        """Begin with an offer; `tag` begins the ids of our checks: the engine knows their answers by it."""
        self.state = PeerState.OFFERED
        self.negotiation = Negotiation(offer)
        self.ice = IceAgent(offer.ice)
        self._timers = timers or PeerTimers()
        self._connect_by = now + self._timers.connect_s
        self._identity = identity
        self._dtls = DtlsServer(identity)
        self._owes_hello = False
        self._dtls_address: Address | None = None
        self._dtls_allowance = _Allowance(now)
        self._probe_allowance = _Allowance(now)
        self._tag = tag
        self._asked_at = now
        self._probes: dict[bytes, Address] = {}  # by transaction id, checks of ours that nobody answered yet
        self._preferred: Address | None = None
        self._cut_off_at: float | None = (
            None  # since when the last TCP connection is gone, without another tuple
        )
        self._transmits: list[tuple[bytes, Address]] = []
        self._events: list[PeerEvent] = []

    def receive_stun(self, datagram: bytes, source: Address, now: float) -> None:
        """Take a datagram that looks like a Binding request for this peer."""
        if self.state is PeerState.GONE:
            return
        request = stun.parse_request(datagram)
        if request is None:
            self._receive_answer(datagram, source, now)
            return
        self._obey(self.ice.receive(request, source, now), source)

    def _obey(self, verdict: Verdict, source: Address) -> None:
        if verdict.retired is not None:
            self._events.append(UfragRetired(verdict.retired))
        if verdict.removed is not None:
            self._events.append(TupleRemoved(verdict.removed))
        if verdict.added is not None:
            self._cut_off_at = None
            self._events.append(TupleAdded(verdict.added))
        self._prefer_selected()
        if verdict.reply is not None:
            self._transmits.append((verdict.reply, source))
        self._say_hello()

    def stray(self, address: Address, now: float) -> None:
        """Ask who is at `address`, where authentic media of this peer comes from (RFC 7675 §5.1).

        A router that gives the client another port does so unnoticed, and browsers check a good pair every
        2.5 seconds only.
        """
        if self.state is not PeerState.CONNECTED or address[2:] == ("tcp",):
            return
        if address not in self.ice.tuples and self._probe_allowance.take(now):
            self._ask(address)

    def _ask(self, address: Address) -> None:
        """Send a check of ours, which the client alone can answer."""
        answered = self.negotiation.answered
        if answered is None:
            return
        transaction_id = self._tag + secrets.token_bytes(8)
        self._probes[transaction_id] = address
        if len(self._probes) > MAX_PROBES:
            del self._probes[next(iter(self._probes))]
        username = f"{answered.ice.ufrag}:{self.ice.local.ufrag}"
        request = stun.binding_request(transaction_id, username, answered.ice.password)
        self._transmits.append((request, address))

    def _receive_answer(self, datagram: bytes, source: Address, now: float) -> None:
        """Believe an address that answers the check we sent there, as the client alone can."""
        answered = self.negotiation.answered
        if answered is None or self._probes.get(datagram[8:20]) != source:
            return
        if stun.is_answer(datagram, answered.ice.password):
            del self._probes[datagram[8:20]]
            self._obey(self.ice.admit(source, now), source)

    def _prefer_selected(self) -> None:
        selected = self.ice.selected
        if selected is not None and selected != self._preferred:
            self._preferred = selected
            self._events.append(TuplePreferred(selected))

    def receive_dtls(self, datagram: bytes, source: Address, now: float) -> None:
        """Take DTLS records; those of an address without a valid check are dropped."""
        if self.state is PeerState.GONE or source not in self.ice.tuples:
            return
        if not self._dtls_allowance.take(now):
            return
        self._dtls_address = source
        self._dtls.receive(datagram, now)
        self._after_dtls()

    def moved(self, address: Address) -> None:
        """Learn from the engine where the client's newest media comes from: DTLS goes there as well."""
        if address in self.ice.tuples:
            self._dtls_address = address

    def lost(self, address: Address, now: float) -> None:
        """Learn from the engine that a TCP connection ended; without another tuple the peer soon does."""
        self.ice.forget(address)
        if not self.ice.tuples:
            self._cut_off_at = now
        self._prefer_selected()

    @property
    def offer(self) -> Offer:
        """The newest offer."""
        return self.negotiation.offer

    def answer(self, text: str, revision: int | None = None) -> None:
        """Take the SDP answer to the offer that is out; Invalid for a bad one, Conflict when none is out."""
        if self.state is PeerState.GONE:
            raise Conflict("expected an answer while the session lasts; it is over")
        is_first = self.negotiation.answered is None
        answer = self.negotiation.read(text, revision)
        for address in self.ice.answered(answer.ice.ufrag, self.offer.ice.ufrag):
            self._events.append(TupleRemoved(address))
        if not is_first:
            self._events.append(Renegotiated(answer))
        if self.state is PeerState.OFFERED:
            self.state = PeerState.ANSWERED
            if answer.awaits_hello:
                self._dtls, self._owes_hello = DtlsServer(self._identity, begins=True), True
        self._say_hello()
        self._connect_if_ready()

    def restart_ice(self) -> str | None:
        """Let the client find us anew by the next offer; return our new fragment.

        None while a restart is still to be offered or answered. One that was answered and led to no check
        is given up for the new one.
        """
        pending = self.ice.restarting
        if pending is not None:
            if self.negotiation.is_out or self.offer.ice != pending:
                return None
            self._events.append(UfragRetired(pending.ufrag))
        credentials = new_credentials()
        self.ice.restart(credentials)
        self.negotiation.restart_ice(credentials)
        return credentials.ufrag

    def heard(self, at: float) -> None:
        """Learn from the engine that an authenticated packet arrived at time `at`."""
        self.ice.heard(at)

    def handle_timeout(self, now: float) -> None:
        """Do what is due at `now`: resend a flight, or give up on a silent or unfinished peer."""
        if self.state is PeerState.GONE:
            return
        self._events += [TupleRemoved(address) for address in self.ice.retire(now)]
        self._prefer_selected()
        if self._expires_at() <= now:
            never = self.state is not PeerState.CONNECTED
            self._end(GoneReason.TIMEOUT if never else GoneReason.CONSENT, self.state.value)
            return
        if (asks_at := self._asks_at()) is not None and asks_at <= now:
            self._asked_at = now
            self._ask_again()
        self._dtls.handle_timeout()
        self._after_dtls()

    def deadline(self, now: float) -> float | None:
        """Say when `handle_timeout` is due; None once the peer is gone."""
        if self.state is PeerState.GONE:
            return None
        due = (self._dtls.deadline(now), self.ice.retires_at, self._asks_at(), self._expires_at())
        return min(at for at in due if at is not None)

    def _asks_at(self) -> float | None:
        """Say when a silent client is asked whether it is there; None before it is connected."""
        heard = self.ice.last_heard
        if self.state is not PeerState.CONNECTED or heard is None:
            return None
        consent_s = self._timers.consent_s
        return max(heard + _ASK_AFTER * consent_s, self._asked_at + _ASK_EVERY * consent_s)

    def _ask_again(self) -> None:
        """Ask where the client was heard last."""
        address = self._dtls_address if self._dtls_address in self.ice.tuples else self.ice.selected
        if address is not None:
            self._ask(address)

    def _expires_at(self) -> float:
        if self.state is not PeerState.CONNECTED:
            return self._connect_by
        expires = self.ice.consent_expires_at(self._timers.consent_s) or self._connect_by
        return (
            expires if self._cut_off_at is None else min(expires, self._cut_off_at + self._timers.reconnect_s)
        )

    def close(self) -> None:
        """End the connection from our side, saying so to the client if a handshake was finished."""
        if self.state is not PeerState.GONE:
            self.state = PeerState.GONE
            self._dtls.close()
            self._collect_dtls()

    def poll_transmits(self) -> list[tuple[bytes, Address]]:
        """Take the datagrams to send, each with its destination."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def poll_events(self) -> list[PeerEvent]:
        """Take what happened, in order."""
        events, self._events = self._events, []
        return events

    def _after_dtls(self) -> None:
        self._collect_dtls()
        match self._dtls.state:
            case DtlsState.FINISHED if self.state is PeerState.OFFERED:
                self.state = PeerState.SECURED
            case DtlsState.FINISHED:
                self._connect_if_ready()
            case DtlsState.FAILED:
                self._end(GoneReason.DTLS_FAILED, self._dtls.failure)
            case DtlsState.CLOSED:
                self._end(GoneReason.CLOSED, "close_notify")
            case DtlsState.HANDSHAKING:
                pass

    def _say_hello(self) -> None:
        """Begin the handshake, where that is ours to do, once there is an address to send to."""
        if self._owes_hello and self.ice.selected is not None:
            self._owes_hello = False
            self._dtls.begin()
            self._after_dtls()

    def _connect_if_ready(self) -> None:
        answer = self.negotiation.answered
        if self.state is PeerState.CONNECTED or answer is None:
            return
        if self._dtls.state is not DtlsState.FINISHED:
            return
        keys = self._dtls.keys_for(answer.fingerprint)
        if keys is None:
            self._end(GoneReason.DTLS_FAILED, "the certificate has another fingerprint than the answer")
            return
        self.state = PeerState.CONNECTED
        self._events.append(Connected(keys, answer))

    def _end(self, reason: GoneReason, detail: str) -> None:
        self.close()
        self._events.append(Gone(reason, detail))

    def _collect_dtls(self) -> None:
        address = self._dtls_address
        if address not in self.ice.tuples:
            address = self.ice.selected
        datagrams = self._dtls.poll_transmit()
        if address is not None:
            self._transmits += [(datagram, address) for datagram in datagrams]


class _Allowance:
    """How many DTLS datagrams a peer may still have us look at: each may cost a signature."""

    def __init__(self, now: float) -> None:
        self._left, self._at = float(DTLS_BURST), now

    def take(self, now: float) -> bool:
        self._left = min(DTLS_BURST, self._left + (now - self._at) * DTLS_PER_S)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
