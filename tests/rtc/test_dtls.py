"""The DTLS server against a real OpenSSL client, over links that lose, cut and reorder."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dtls_client import ClientCertificate, DtlsClient
from voicechat.rtc.dtls import MTU, DtlsIdentity, DtlsServer, DtlsState, is_whole_records, pack_records


@pytest.fixture(scope="module")
def identity() -> DtlsIdentity:
    return DtlsIdentity()


@pytest.fixture(scope="module")
def certificate() -> ClientCertificate:
    return ClientCertificate()


def shake(client: DtlsClient, server: DtlsServer, first: list[bytes]) -> None:
    """Carry datagrams both ways until nobody has anything to say."""
    to_server = first
    while to_server:
        for datagram in to_server:
            server.receive(datagram, 0.0)
        to_server = [reply for datagram in server.poll_transmit() for reply in client.receive(datagram)]


def finished_pair(identity: DtlsIdentity, certificate: ClientCertificate) -> tuple[DtlsClient, DtlsServer]:
    client, server = DtlsClient(certificate), DtlsServer(identity)
    shake(client, server, client.start())
    assert server.state is DtlsState.FINISHED
    return client, server


def test_both_ends_derive_the_same_keys_and_know_each_others_fingerprint(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = finished_pair(identity, certificate)
    assert client.server_fingerprint() == identity.fingerprint
    assert server.keys_for(certificate.fingerprint) == client.keys()


def begun_pair(identity: DtlsIdentity, certificate: ClientCertificate) -> tuple[DtlsClient, DtlsServer]:
    """Let the server begin, towards a client that waits."""
    client, server = DtlsClient(certificate, waits=True), DtlsServer(identity, begins=True)
    assert client.start() == []
    server.begin()
    return client, server


def test_a_client_that_waits_is_greeted_and_the_keys_have_their_ends(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = begun_pair(identity, certificate)
    (hello,) = server.poll_transmit()
    shake(client, server, client.receive(hello))
    assert server.state is DtlsState.FINISHED
    assert client.server_fingerprint() == identity.fingerprint
    assert server.keys_for(certificate.fingerprint) == client.keys()


def test_the_answer_to_a_repeated_flight_of_a_client_that_waits_is_resent(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = begun_pair(identity, certificate)
    (hello,) = server.poll_transmit()
    flight = client.receive(hello)
    for datagram in flight:
        server.receive(datagram, 0.0)
    lost = server.poll_transmit()
    assert lost
    for datagram in flight:
        server.receive(datagram, 0.1)
    assert server.poll_transmit() == lost


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (
            ("SRTP_AES128_CM_SHA1_80", "SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM"),
            "SRTP_AEAD_AES_128_GCM",
        ),
        (("SRTP_AEAD_AES_256_GCM", "SRTP_AES128_CM_SHA1_80"), "SRTP_AEAD_AES_256_GCM"),
        (("SRTP_AES128_CM_SHA1_32", "SRTP_AES128_CM_SHA1_80"), "SRTP_AES128_CM_SHA1_80"),
    ],
)
def test_the_servers_order_of_profiles_decides(
    identity: DtlsIdentity, certificate: ClientCertificate, offered: tuple[str, ...], chosen: str
) -> None:
    client, server = DtlsClient(certificate, profiles=offered), DtlsServer(identity)
    shake(client, server, client.start())
    keys = server.keys_for(certificate.fingerprint)
    assert keys is not None
    assert keys.profile == chosen
    assert keys == client.keys()


@pytest.mark.parametrize("profiles", [(), ("SRTP_AES128_CM_SHA1_32",)])
def test_without_a_profile_in_common_the_handshake_fails(
    identity: DtlsIdentity, certificate: ClientCertificate, profiles: tuple[str, ...]
) -> None:
    client, server = DtlsClient(certificate, profiles=profiles), DtlsServer(identity)
    shake(client, server, client.start())
    assert server.state is DtlsState.FAILED
    assert "profile" in server.failure
    assert server.keys_for(certificate.fingerprint) is None


def test_keys_stay_inside_for_another_fingerprint_or_before_the_end(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    assert DtlsServer(identity).keys_for(certificate.fingerprint) is None
    _, server = finished_pair(identity, certificate)
    assert server.keys_for(ClientCertificate().fingerprint) is None
    assert server.keys_for("") is None
    assert "key" not in repr(server.keys_for(certificate.fingerprint)).replace("SrtpKeys", "")


@pytest.mark.parametrize("order", ["in order", "reversed", "shuffled"])
def test_a_client_hello_in_fragments_is_put_together_in_any_order(
    identity: DtlsIdentity, certificate: ClientCertificate, order: str
) -> None:
    client, server = DtlsClient(certificate, mtu=256, hello_padding_bytes=1200), DtlsServer(identity)
    fragments = client.start()
    assert len(fragments) >= 5
    if order == "reversed":
        fragments.reverse()
    elif order == "shuffled":
        random.Random(7).shuffle(fragments)
    shake(client, server, fragments)
    assert server.state is DtlsState.FINISHED


def test_no_datagram_is_longer_than_the_mtu_and_none_cuts_a_record(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = DtlsClient(certificate), DtlsServer(identity)
    for datagram in client.start():
        server.receive(datagram, 0.0)
    flight = server.poll_transmit()
    assert 1 <= len(flight) <= 2
    assert all(len(datagram) <= MTU and is_whole_records(datagram) for datagram in flight)


def test_a_repeated_fragment_brings_the_same_flight_again_but_not_at_once(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = DtlsClient(certificate), DtlsServer(identity)
    (hello,) = client.start()
    server.receive(hello, 0.0)
    flight = server.poll_transmit()
    server.receive(hello, 0.05)
    assert server.poll_transmit() == flight
    server.receive(hello, 0.06)
    assert server.poll_transmit() == []
    for count in range(20):
        server.receive(hello, 1.0 + count)
    assert len(server.poll_transmit()) == 9 * len(flight)  # ten resends in all


def test_the_servers_last_flight_is_resent_when_the_client_repeats_its_own(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = DtlsClient(certificate), DtlsServer(identity)
    (hello,) = client.start()
    server.receive(hello, 0.0)
    second = [reply for datagram in server.poll_transmit() for reply in client.receive(datagram)]
    for datagram in second:
        server.receive(datagram, 0.0)
    assert server.state is DtlsState.FINISHED
    assert server.poll_transmit()  # lost
    for datagram in second:
        server.receive(datagram, 0.1)
    for datagram in server.poll_transmit():
        client.receive(datagram)
    assert client.is_finished


@pytest.mark.parametrize("seed", range(5))
def test_a_handshake_survives_the_loss_of_a_third_of_all_datagrams(
    identity: DtlsIdentity, certificate: ClientCertificate, seed: int
) -> None:
    """The client repeats its last flight, as browsers do; the server's one-second timer is never needed."""
    dice = random.Random(seed)
    client, server = DtlsClient(certificate), DtlsServer(identity)
    flight, now = client.start(), 0.0
    for _ in range(60):
        now += 0.05
        for datagram in flight:
            if dice.random() > 0.35:
                server.receive(datagram, now)
        for datagram in server.poll_transmit():
            if dice.random() > 0.35:
                flight = client.receive(datagram) or flight
        if client.is_finished and server.state is DtlsState.FINISHED:
            break
    assert client.is_finished
    assert server.keys_for(certificate.fingerprint) == client.keys()


def test_a_hello_without_an_acceptable_cipher_fails_with_an_alert(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client = DtlsClient(certificate, ciphers=b"ECDHE-RSA-AES128-GCM-SHA256")
    server = DtlsServer(identity)
    shake(client, server, client.start())
    assert server.state is DtlsState.FAILED
    assert server.failure
    assert client.error is not None
    assert server.deadline(0.0) is None


def test_a_goodbye_is_answered_in_kind(identity: DtlsIdentity, certificate: ClientCertificate) -> None:
    client, server = finished_pair(identity, certificate)
    for datagram in client.close():
        server.receive(datagram, 0.0)
    assert server.state is DtlsState.CLOSED
    for datagram in server.poll_transmit():
        client.receive(datagram)
    assert client.is_closed


def test_the_server_says_goodbye_once(identity: DtlsIdentity, certificate: ClientCertificate) -> None:
    client, server = finished_pair(identity, certificate)
    server.close()
    (goodbye,) = server.poll_transmit()
    client.receive(goodbye)
    assert client.is_closed
    server.close()
    assert server.poll_transmit() == []
    unfinished = DtlsServer(identity)
    unfinished.close()
    assert unfinished.state is DtlsState.CLOSED
    assert unfinished.poll_transmit() == []


def test_a_finished_session_shrugs_off_junk_and_repeated_hellos(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = finished_pair(identity, certificate)
    plain_alert = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
    forged = b"\x17\xfe\xfd\x00\x01" + b"\xff" * 6 + b"\x00\x20" + bytes(32)
    for datagram in (plain_alert, forged, *DtlsClient(certificate).start(), b"", b"\x16", bytes(1500)):
        server.receive(datagram, 0.0)
    assert server.state is DtlsState.FINISHED
    for datagram in client.close():
        server.receive(datagram, 0.0)
    assert server.state is DtlsState.CLOSED


def test_a_torn_record_does_not_swallow_the_next_datagram(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = DtlsClient(certificate), DtlsServer(identity)
    (hello,) = client.start()
    server.receive(hello[:40], 0.0)
    server.receive(hello + b"\x16\xfe", 0.0)
    server.receive(hello[:13], 0.0)
    assert server.poll_transmit() == []
    shake(client, server, [hello])
    assert server.state is DtlsState.FINISHED


def test_the_timer_is_armed_by_the_first_flight_only_while_shaking_hands(
    identity: DtlsIdentity, certificate: ClientCertificate
) -> None:
    client, server = DtlsClient(certificate), DtlsServer(identity)
    assert server.deadline(100.0) is None
    hello = client.start()
    server.receive(hello[0], 100.0)
    due = server.deadline(100.0)
    assert due is not None
    assert 100.0 < due <= 102.0
    server.handle_timeout()
    shake(client, server, [])
    for datagram in server.poll_transmit():
        for reply in client.receive(datagram):
            server.receive(reply, 100.0)
    assert server.state is DtlsState.FINISHED
    assert server.deadline(100.0) is None


@given(st.lists(st.integers(1, 1187), max_size=12))
def test_records_are_packed_whole_in_order_and_within_the_limit(lengths: list[int]) -> None:
    records = [b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", length) + bytes(length) for length in lengths]
    datagrams = pack_records(b"".join(records))
    assert b"".join(datagrams) == b"".join(records)
    assert all(len(datagram) <= MTU and is_whole_records(datagram) for datagram in datagrams)


@given(st.binary(max_size=100))
def test_what_is_no_record_is_recognised(data: bytes) -> None:
    whole = is_whole_records(data)
    assert not whole or (20 <= data[0] <= 25 and data[1] == 0xFE and len(data) >= 13)


@given(st.lists(st.binary(max_size=80), max_size=6), st.booleans())
def test_garbage_in_well_formed_records_only_fails_the_handshake(
    bodies: list[bytes], with_header: bool
) -> None:
    server = DtlsServer(_SHARED)
    for number, body in enumerate(bodies):
        if with_header:  # a ClientHello's header before garbage
            body = b"\x01" + len(body).to_bytes(3) + bytes(5) + len(body).to_bytes(3) + body
        record = b"\x16\xfe\xfd" + bytes(2) + number.to_bytes(6) + struct.pack("!H", len(body)) + body
        server.receive(record, float(number))
    assert server.state in (DtlsState.HANDSHAKING, DtlsState.FAILED)


_SHARED = DtlsIdentity()
