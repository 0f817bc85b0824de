"""libsrtp sessions made of the keys a DTLS handshake exported."""

from __future__ import annotations

import pylibsrtp

from voicechat.rtc.dtls import SrtpKeys

_WINDOW = 1024  # 128, the default, is less than 100 ms of simulcast video
_VOICE_WINDOW = 128  # libsrtp moves the whole window for each packet, and voice is sent again within 32

_PROFILES = {
    "SRTP_AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "SRTP_AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "SRTP_AES128_CM_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}


def open_sessions(keys: SrtpKeys) -> tuple[pylibsrtp.Session, pylibsrtp.Session]:
    """Return the session that reads what the client sends, and the one that writes to it."""
    any_inbound, any_outbound = pylibsrtp.Policy.SSRC_ANY_INBOUND, pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    reading = _policy(keys.profile, keys.client, any_inbound, _WINDOW)
    writing = _policy(keys.profile, keys.server, any_outbound, _WINDOW)
    return pylibsrtp.Session(policy=reading), pylibsrtp.Session(policy=writing)


def stream_policy(keys: SrtpKeys) -> pylibsrtp.Policy:
    """Return what the reading session must know to begin a stream amid, for `Engine.peer_keys`."""
    return _policy(keys.profile, keys.client, pylibsrtp.Policy.SSRC_SPECIFIC, _WINDOW)


def send_policy(keys: SrtpKeys) -> pylibsrtp.Policy:
    """Return what a writing session for a single voice must know, for `Engine.peer_keys`."""
    return _policy(keys.profile, keys.server, pylibsrtp.Policy.SSRC_SPECIFIC, _VOICE_WINDOW)


def _policy(profile: str, key: bytes, direction: int, window: int) -> pylibsrtp.Policy:
    policy = pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=_PROFILES[profile])
    policy.window_size = window
    policy.allow_repeat_tx = (
        True  # the engine sends a lost packet again byte for byte, and nothing else twice
    )
    return policy
