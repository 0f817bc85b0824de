"""The server's end of a DTLS-SRTP handshake without a socket (RFC 5764, RFC 8827 §6.5), on pyOpenSSL.

    handshaking ──Finished──▶ finished ──close_notify, either way──▶ closed
        └──fatal alert, timeout, no SRTP profile──▶ failed

Four things OpenSSL leaves to its user are done here:

- A memory BIO is a byte stream and DTLS is not. What comes in must be whole records, or a torn one would
  swallow the next datagram; what goes out is cut at record borders and packed into datagrams of at most
  `MTU` bytes.
- OpenSSL resends a flight only when its own timer runs out, a second at first. A client that repeats a
  fragment has missed our flight, so the flight is sent again at once, byte for byte.
- Without OP_NO_QUERY_MTU the MTU is ignored and the flight falls into 256-byte pieces.
- The certificate of the client means nothing to a CA; it is compared with the fingerprint its answer
  named, and the keys stay inside until it matches.

Usually the client begins (RFC 5763 §5, it is `active`), since browsers repeat a lost flight sooner than
OpenSSL. To one that waits for us, as Pion does of a lite agent, `begin` sends the first flight.

OpenSSL reads the wall clock for its retransmission timer, so `deadline` is the one value here that does
not come from `now` alone.
"""

from __future__ import annotations

import datetime
import enum
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

MTU = 1200  # fits every path WebRTC runs over (RFC 8831 §5, QUIC's minimum)
MAX_DATAGRAM_BYTES = 1500  # Firefox sends its ClientHello in 1408 bytes
RESEND_GAP_S = 0.03
MAX_RESENDS = 10
MAX_FRAGMENTS_REMEMBERED = 64  # a client's whole handshake has about ten

_DTLS_1_2 = 0xFEFD
_OP_NO_QUERY_MTU = 0x1000
_CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
_EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"
_RECORD_HEADER = struct.Struct("!BHHHLH")  # type, version, epoch, sequence (48 bits in two), length
_HANDSHAKE = 22
_HANDSHAKE_HEADER_BYTES = 12

# Order is preference: GCM costs half of CM at voice sizes, 256-bit keys add nothing but are free (RFC 7714).
# AES_CM_128_HMAC_SHA1_32 is never offered: its tag is short.
_PROFILES = {
    "SRTP_AEAD_AES_128_GCM": (16, 12),
    "SRTP_AEAD_AES_256_GCM": (32, 12),
    "SRTP_AES128_CM_SHA1_80": (16, 14),
}


class DtlsState(enum.Enum):
    """Where a handshake stands; see the drawing above."""

    HANDSHAKING = "handshaking"
    FINISHED = "finished"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master key and salt, joined, of each direction (RFC 5764 §4.2), and the profile they are for.

    `client` is for what our client sends and `server` for what we send, whoever began the handshake.
    """

    profile: str
    client: bytes
    server: bytes

    def __repr__(self) -> str:
        return f"SrtpKeys(profile={self.profile!r})"


def _accept_any_certificate(*_: object) -> bool:
    """Let the handshake finish: who the client is shows its fingerprint, not a chain."""
    return True


class DtlsIdentity:
    """A certificate made for this process, and the settings every handshake shares."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        self.fingerprint = _fingerprint(certificate)
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.set_min_proto_version(_DTLS_1_2)
        self.context.set_max_proto_version(_DTLS_1_2)
        self.context.set_options(
            _OP_NO_QUERY_MTU | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
        )
        self.context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _accept_any_certificate)
        self.context.set_cipher_list(_CIPHERS)
        self.context.set_tlsext_use_srtp(":".join(_PROFILES).encode("ascii"))
        self.context.use_privatekey(key)
        self.context.use_certificate(certificate)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(8))])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )


def _fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint as SDP writes it: upper-case hex pairs with colons (RFC 8122 §5)."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class DtlsServer:
    """One handshake with one client; written to by its Peer alone.

    The client begins it, or with `begins` we do.
    """

    def __init__(self, identity: DtlsIdentity, *, begins: bool = False) -> None:
        self.state = DtlsState.HANDSHAKING
        self.failure = ""
        self._begins = begins
        self._connection = SSL.Connection(identity.context, None)
        (self._connection.set_connect_state if begins else self._connection.set_accept_state)()
        self._connection.set_ciphertext_mtu(MTU)
        self._transmits: list[bytes] = []
        self._flight = _Flight()
        self._fingerprint = ""
        self._profile = ""

    def begin(self) -> None:
        """Send the ClientHello, where it is ours to send."""
        self._advance()
        self._collect()

    def receive(self, datagram: bytes, now: float) -> None:
        """Take a datagram from a valid tuple; torn or oversized ones are dropped."""
        if self.state in (DtlsState.CLOSED, DtlsState.FAILED) or not is_whole_records(datagram):
            return
        is_repeat = self._flight.is_repeated_by(datagram)
        self._connection.bio_write(datagram)
        self._advance()
        if not self._collect() and is_repeat:
            self._transmits += self._flight.resend(now)

    def handle_timeout(self) -> None:
        """Let OpenSSL resend its flight if its timer has run out, or give up after a dozen times."""
        if self.state is not DtlsState.HANDSHAKING:
            return
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error as problem:
            self._fail(problem)
        self._collect()

    def deadline(self, now: float) -> float | None:
        """Say when `handle_timeout` is due, at least 10 ms ahead so that rounding never makes a busy loop."""
        if self.state is not DtlsState.HANDSHAKING:
            return None
        left_s = self._connection.DTLSv1_get_timeout()
        return None if left_s is None else now + max(left_s, 0.01)

    def poll_transmit(self) -> list[bytes]:
        """Take the datagrams waiting to be sent."""
        transmits, self._transmits = self._transmits, []
        return transmits

    def keys_for(self, fingerprint: str) -> SrtpKeys | None:
        """Export the keys if the handshake is finished and the client's certificate has `fingerprint`."""
        if self.state is not DtlsState.FINISHED or fingerprint.upper() != self._fingerprint:
            return None
        key_bytes, salt_bytes = _PROFILES[self._profile]
        material = self._connection.export_keying_material(_EXPORTER_LABEL, 2 * (key_bytes + salt_bytes))
        keys, salts = material[: 2 * key_bytes], material[2 * key_bytes :]
        beginner = keys[:key_bytes] + salts[:salt_bytes]
        other = keys[key_bytes:] + salts[salt_bytes:]
        client, server = (other, beginner) if self._begins else (beginner, other)
        return SrtpKeys(profile=self._profile, client=client, server=server)

    def close(self) -> None:
        """Say goodbye with close_notify where there is somebody to say it to; safe to call again."""
        if self.state is DtlsState.FINISHED:
            self._say_close_notify()
        if self.state is not DtlsState.FAILED:
            self.state = DtlsState.CLOSED

    def _advance(self) -> None:
        try:
            if self.state is DtlsState.HANDSHAKING:
                self._connection.do_handshake()
                self._finish()
            while True:  # drains what was written to the BIO: alerts, and application data nobody reads
                self._connection.recv(MAX_DATAGRAM_BYTES)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self._say_close_notify()
            self.state = DtlsState.CLOSED
        except SSL.Error as problem:
            self._fail(problem)

    def _finish(self) -> None:
        self._profile = self._connection.get_selected_srtp_profile().decode("ascii")
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if self._profile not in _PROFILES or certificate is None:
            raise SSL.Error([("", "", "no SRTP profile or certificate in common")])
        self._fingerprint = _fingerprint(certificate)
        self.state = DtlsState.FINISHED

    def _fail(self, problem: SSL.Error) -> None:
        reasons = problem.args[0] if problem.args and isinstance(problem.args[0], list) else []
        self.failure = "; ".join(entry[2] for entry in reasons) or type(problem).__name__
        self.state = DtlsState.FAILED

    def _say_close_notify(self) -> None:
        try:
            self._connection.shutdown()
        except SSL.Error:
            return  # the connection broke earlier: nobody is left to be told
        self._collect()

    def _collect(self) -> bool:
        """Move what OpenSSL wrote to the transmits; tell whether there was anything."""
        try:
            written = self._connection.bio_read(65536)
        except SSL.WantReadError:
            return False
        datagrams = pack_records(written)
        self._flight.sent(datagrams)
        self._transmits += datagrams
        return True


class _Flight:
    """The last flight we sent, and the client's fragments seen so far, by which its loss shows."""

    def __init__(self) -> None:
        self._datagrams: list[bytes] = []
        self._seen: set[tuple[int, int, int]] = set()
        self._resends = 0
        self._resent_at = -RESEND_GAP_S

    def sent(self, datagrams: list[bytes]) -> None:
        self._datagrams = datagrams

    def is_repeated_by(self, datagram: bytes) -> bool:
        fragments = set(_plain_handshake_fragments(datagram))
        is_repeat = not fragments.isdisjoint(self._seen)
        if len(self._seen) < MAX_FRAGMENTS_REMEMBERED:
            self._seen |= fragments
        return is_repeat

    def resend(self, now: float) -> list[bytes]:
        if self._resends >= MAX_RESENDS or now - self._resent_at < RESEND_GAP_S:
            return []
        self._resends += 1
        self._resent_at = now
        return list(self._datagrams)


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (type, epoch, the record with its header); the last one may be cut short."""
    position = 0
    while position + _RECORD_HEADER.size <= len(data):
        kind, _, epoch, _, _, length = _RECORD_HEADER.unpack_from(data, position)
        end = position + _RECORD_HEADER.size + length
        yield kind, epoch, data[position:end]
        position = end


def is_whole_records(datagram: bytes) -> bool:
    """Tell whether `datagram` is one or more complete DTLS records and nothing else."""
    if len(datagram) > MAX_DATAGRAM_BYTES:
        return False
    position = 0
    while position + _RECORD_HEADER.size <= len(datagram):
        kind, version, _, _, _, length = _RECORD_HEADER.unpack_from(datagram, position)
        if not 20 <= kind <= 25 or version >> 8 != 0xFE:
            return False
        position += _RECORD_HEADER.size + length
    return position == len(datagram) > 0


def pack_records(written: bytes, limit: int = MTU) -> list[bytes]:
    """Cut OpenSSL's output at record borders into datagrams of at most `limit` bytes (RFC 6347 §4.1.1)."""
    datagrams: list[bytes] = []
    for _, _, record in _records(written):
        if datagrams and len(datagrams[-1]) + len(record) <= limit:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams


def _plain_handshake_fragments(datagram: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (message sequence, offset, length) of each unencrypted handshake fragment (RFC 6347 §4.2.2)."""
    for kind, epoch, record in _records(datagram):
        body = record[_RECORD_HEADER.size :]
        if kind == _HANDSHAKE and epoch == 0 and len(body) >= _HANDSHAKE_HEADER_BYTES:
            sequence = int.from_bytes(body[4:6])
            yield sequence, int.from_bytes(body[6:9]), int.from_bytes(body[9:12])
