"""The client's end of a DTLS-SRTP handshake without a socket, for tests and load generators."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from voicechat.rtc.dtls import SrtpKeys, pack_records

ALL_PROFILES = ("SRTP_AES128_CM_SHA1_80", "SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM")
_KEY_AND_SALT = {
    "SRTP_AEAD_AES_128_GCM": (16, 12),
    "SRTP_AEAD_AES_256_GCM": (32, 12),
    "SRTP_AES128_CM_SHA1_80": (16, 14),
}


class ClientCertificate:
    """A certificate many clients may share, as a load generator wants."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
        builder = builder.public_key(self.key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        self.certificate = builder.not_valid_after(now + datetime.timedelta(days=30)).sign(
            self.key, hashes.SHA256()
        )
        self.fingerprint = self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


class DtlsClient:
    """The client's end of a handshake: `start`, pass datagrams both ways, then `keys`.

    With `waits` it leaves the beginning to the server.
    """

    def __init__(
        self,
        certificate: ClientCertificate | None = None,
        *,
        mtu: int = 1200,
        profiles: tuple[str, ...] = ALL_PROFILES,
        ciphers: bytes = b"ECDHE-ECDSA-AES128-GCM-SHA256",
        hello_padding_bytes: int = 0,
        waits: bool = False,
    ) -> None:
        self.certificate = certificate or ClientCertificate()
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_min_proto_version(0xFEFD)
        context.set_max_proto_version(0xFEFD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_cipher_list(ciphers)
        if hello_padding_bytes:  # protocol names nobody knows, as long as a post-quantum key share
            context.set_alpn_protos([b"x" * 100] * (hello_padding_bytes // 100))
        if profiles:
            context.set_tlsext_use_srtp(":".join(profiles).encode())
        context.use_privatekey(self.certificate.key)
        context.use_certificate(self.certificate.certificate)
        self._mtu = mtu
        self._waits = waits
        self._connection = SSL.Connection(context, None)
        (self._connection.set_accept_state if waits else self._connection.set_connect_state)()
        self._connection.set_ciphertext_mtu(mtu)
        self.is_finished = False
        self.is_closed = False
        self.error: SSL.Error | None = None

    def start(self) -> list[bytes]:
        """Return the datagrams of the ClientHello; none for a client that waits."""
        return self._step()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take a datagram of the server; return what to send next."""
        self._connection.bio_write(datagram)
        return self._step()

    def resend(self) -> list[bytes]:
        """Return the last flight again if OpenSSL's timer has run out."""
        if self._connection.DTLSv1_get_timeout() == 0:
            self._connection.DTLSv1_handle_timeout()
        return self._written()

    def close(self) -> list[bytes]:
        """Return the close_notify."""
        self._connection.shutdown()
        return self._written()

    def keys(self) -> SrtpKeys:
        """Return the SRTP keys of the finished handshake."""
        profile = self._connection.get_selected_srtp_profile().decode()
        key, salt = _KEY_AND_SALT[profile]
        material = self._connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        keys, salts = material[: 2 * key], material[2 * key :]
        beginner, other = keys[:key] + salts[:salt], keys[key:] + salts[salt:]
        return SrtpKeys(profile, *((other, beginner) if self._waits else (beginner, other)))

    def server_fingerprint(self) -> str:
        """Return the SHA-256 fingerprint of the server's certificate."""
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        assert certificate is not None
        return certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def _step(self) -> list[bytes]:
        try:
            if not self.is_finished:
                self._connection.do_handshake()
                self.is_finished = True
            self._connection.recv(2048)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_closed = True
        except SSL.Error as problem:
            self.error = problem
        return self._written()

    def _written(self) -> list[bytes]:
        try:
            return pack_records(self._connection.bio_read(65536), self._mtu)
        except SSL.WantReadError:
            return []
