"""Makes broken inputs of good ones: a few random changes each, of bytes or of lines."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_BYTES = (0, 1, 4, 8, 0x20, 0x7F, 0x80, 0xFF)
_NUMBERS = ("0", "-1", "1", "15", "16", "127", "128", "255", "256", "65535", "65536", "4294967295", "9" * 40)
_SIGNS = ("", ":", "=", " ", "\r", "\n", "\0", "\t", "é", "\ud800", "�", "%s", "١", "/", ";", "*")
_LONGEST = 1 << 17

Mutate = Callable[[random.Random, Sequence[bytes]], bytes]


def of_bytes(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Flip, set, cut, insert or repeat bytes of one input, or splice another in."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.choice(_BYTES)
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case 3:
                del data[at : at + chance.randint(1, 16)]
            case 4:
                data[at:at] = data[at : at + chance.randint(1, 64)]
            case 5:
                other = chance.choice(corpus)
                start = chance.randrange(len(other) + 1)
                data[at:at] = other[start : start + chance.randint(1, 200)]
            case _:
                data[at : at + 2] = chance.choice((b"\0\0", b"\xff\xff", b"\0\4", b"\x80\x28"))
    return bytes(data[:_LONGEST])


def of_lines(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Drop, double, move, replace or stretch lines of a text, or change a number, a word or a sign in one."""
    lines = chance.choice(corpus).decode("utf-8", "surrogatepass").split("\n")
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        match chance.randrange(9):
            case 0:
                del lines[at : at + chance.randint(1, 4)]
            case 1:
                lines[at:at] = lines[at : at + chance.randint(1, 30)]
            case 2:
                lines.insert(chance.randrange(len(lines)), lines.pop(at))
            case 3:
                other = chance.choice(corpus).decode("utf-8", "surrogatepass").split("\n")
                lines[at] = chance.choice(other)
            case 4:
                lines[at] = re.sub(
                    r"\d+", lambda _: chance.choice(_NUMBERS), lines[at], count=chance.randint(1, 3)
                )
            case 5:
                lines[at] = (lines[at] * chance.choice((2, 3, 50)))[:_LONGEST]
            case 6:
                words = lines[at].split(" ")
                words[chance.randrange(len(words))] = chance.choice(_SIGNS) + chance.choice(_NUMBERS)
                lines[at] = " ".join(words)
            case _:
                where = chance.randrange(len(lines[at]) + 1)
                lines[at] = (
                    lines[at][:where] + chance.choice(_SIGNS) + lines[at][where + chance.randint(0, 2) :]
                )
        lines = lines or [""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")[:_LONGEST]
