"""OCB2-AES128 as Mumble's UDP uses it: a 4-byte head (low byte of the counter, 3 bytes of tag) and the text.

The nonce is a 128-bit counter, little end first, that goes up by one with each packet; each side tells the
other its start. OCB2 itself (Rogaway 2004): every block is masked with a power of two times the encrypted
nonce, in GF(2^128); the last block is a one-time pad from its length; the tag comes from the sum of all plain
blocks. (OCB2 was broken in 2018; Mumble refuses the packets the attack needs. Here it is only spoken.)
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
HEAD_BYTES = 4
_MASK = (1 << 128) - 1
_POLYNOMIAL = 0x87


def double(value: int) -> int:
    """Multiply by x in GF(2^128)."""
    return (value << 1 & _MASK) ^ (_POLYNOMIAL if value >> 127 else 0)


class Block:
    """AES-128 on whole blocks."""

    def __init__(self, key: bytes) -> None:
        cipher = Cipher(algorithms.AES(key), modes.ECB())
        self._encryptor, self._decryptor = cipher.encryptor(), cipher.decryptor()

    def encrypt(self, value: int) -> int:
        """Encrypt one block."""
        return int.from_bytes(self._encryptor.update(value.to_bytes(BLOCK, "big")), "big")

    def encrypt_all(self, values: Sequence[int]) -> list[int]:
        """Encrypt several blocks in one call."""
        return _split(self._encryptor.update(b"".join(value.to_bytes(BLOCK, "big") for value in values)))

    def decrypt_all(self, values: Sequence[int]) -> list[int]:
        """Decrypt several blocks in one call."""
        return _split(self._decryptor.update(b"".join(value.to_bytes(BLOCK, "big") for value in values)))


def _split(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + BLOCK], "big") for at in range(0, len(data), BLOCK)]


def seal(block: Block, nonce: bytes, text: bytes) -> tuple[bytes, bytes]:
    """Encrypt; return cipher text and the whole tag. `text` has at least one byte."""
    whole, masks = _masks(block, nonce, len(text))
    plain = _split(text[: whole * BLOCK])
    hidden = block.encrypt_all([p ^ m for p, m in zip(plain, masks, strict=False)])
    cipher = b"".join((h ^ m).to_bytes(BLOCK, "big") for h, m in zip(hidden, masks, strict=False))
    rest = text[whole * BLOCK :]
    pad = block.encrypt(len(rest) * 8 ^ masks[-1]).to_bytes(BLOCK, "big")
    last = bytes(a ^ b for a, b in zip(rest, pad, strict=False))
    return cipher + last, _tag(block, masks[-1], plain, rest + pad[len(rest) :])


def open_(block: Block, nonce: bytes, cipher: bytes) -> tuple[bytes, bytes]:
    """Decrypt; return the text and the whole tag that it should have come with."""
    whole, masks = _masks(block, nonce, len(cipher))
    hidden = _split(cipher[: whole * BLOCK])
    shown = block.decrypt_all([h ^ m for h, m in zip(hidden, masks, strict=False)])
    plain = [s ^ m for s, m in zip(shown, masks, strict=False)]
    rest = cipher[whole * BLOCK :]
    pad = block.encrypt(len(rest) * 8 ^ masks[-1]).to_bytes(BLOCK, "big")
    last = bytes(a ^ b for a, b in zip(rest, pad, strict=False))
    text = b"".join(p.to_bytes(BLOCK, "big") for p in plain) + last
    return text, _tag(block, masks[-1], plain, last + pad[len(last) :])


def _masks(block: Block, nonce: bytes, length: int) -> tuple[int, list[int]]:
    """Return the number of whole blocks before the last, and a mask for each and for the last."""
    whole = (length - 1) // BLOCK
    mask, masks = block.encrypt(int.from_bytes(nonce, "big")), []
    for _ in range(whole + 1):
        mask = double(mask)
        masks.append(mask)
    return whole, masks


def _tag(block: Block, mask: int, plain: Sequence[int], last: bytes) -> bytes:
    total = int.from_bytes(last, "big")
    for value in plain:
        total ^= value
    return block.encrypt(total ^ mask ^ double(mask)).to_bytes(BLOCK, "big")


class Channel:
    """One peer's end of the UDP channel: seals with its own counter, opens with the other's."""

    def __init__(self, key: bytes, own_nonce: bytes, other_nonce: bytes) -> None:
        self._block = Block(key)
        self._own = int.from_bytes(own_nonce, "little")
        self._other = int.from_bytes(other_nonce, "little")

    def seal(self, text: bytes) -> bytes:
        """Return the next packet."""
        self._own = self._own + 1 & _MASK
        nonce = self._own.to_bytes(BLOCK, "little")
        cipher, tag = seal(self._block, nonce, text)
        return nonce[:1] + tag[:3] + cipher

    def open(self, packet: bytes) -> bytes | None:
        """Return the text of a packet; None when it is not the other side's."""
        if len(packet) <= HEAD_BYTES:
            return None
        ahead = packet[0] - self._other & 0xFF
        counter = self._other + (ahead if ahead < 128 else ahead - 256) & _MASK
        text, tag = open_(self._block, counter.to_bytes(BLOCK, "little"), packet[HEAD_BYTES:])
        if tag[:3] != packet[1:HEAD_BYTES]:
            return None
        if ahead < 128:
            self._other = counter
        return text
