"""Lines of PJLink as bytes and back. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import Enum, IntEnum

LONGEST_LINE = 512
"""Bytes. Answers hold at most 128 and a header; some devices take that less seriously."""
END = b"\r"
PARTS = ("fan", "lamp", "temperature", "cover", "filter", "other")
"""In the order of the digits of ERST."""
_MOST_LAMPS = 8
_LONGEST_WORDS = 64


class BadAnswerError(Exception):
    """Not what the specification lets a device say."""


class WrongPasswordError(Exception):
    """The device said ERRA."""


class Refused(Enum):
    """What a device says instead of an answer.

    UNKNOWN: it does not have the command. PARAMETER: no such parameter. UNAVAILABLE: not now,
    mostly in standby. FAULT: something is broken in it.
    """

    UNKNOWN = "ERR1"
    PARAMETER = "ERR2"
    UNAVAILABLE = "ERR3"
    FAULT = "ERR4"


class Power(Enum):
    STANDBY = "0"
    ON = "1"
    COOLING = "2"
    WARMING = "3"


class Condition(IntEnum):
    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Lamp:
    """`hours`: for how long it has burnt since it was put in."""

    hours: int
    lit: bool


_GREETING = re.compile(rb"PJLINK (?:0|1 ([0-9a-f]{8}))", re.IGNORECASE)


def decode_greeting(line: bytes) -> bytes | None:
    """The salt with which it wants the password; None when it wants none.

    Raises BadAnswerError and WrongPasswordError.
    """
    _raise_if_wrong_password(line)
    found = _GREETING.fullmatch(line)
    if found is None:
        raise BadAnswerError(f"greeting {line[:20]!r}")
    salt: bytes | None = found[1]
    return salt


def digest(salt: bytes, password: str) -> bytes:
    """What goes before the first question, and proves that we know the password."""
    made = hashlib.md5(salt + password.encode(), usedforsecurity=False)
    return made.hexdigest().encode()


def encode_question(command: str, level: int = 1) -> bytes:
    """`level`: the class of the command."""
    return f"%{level}{command} ?".encode() + END


def decode_answer(line: bytes, command: str, level: int = 1) -> str | Refused:
    """What follows the equals sign. Raises BadAnswerError and WrongPasswordError."""
    _raise_if_wrong_password(line)
    head = f"%{level}{command}=".encode()
    if line[: len(head)].upper() != head:
        raise BadAnswerError(f"{command}: {line[:20]!r}")
    answer = line[len(head) :].decode(errors="replace")
    try:
        return Refused(answer.strip().upper())
    except ValueError:
        return answer


def _raise_if_wrong_password(line: bytes) -> None:
    if line.upper() == b"PJLINK ERRA":
        raise WrongPasswordError


def read_power(text: str) -> Power:
    """Of POWR. Raises BadAnswerError."""
    try:
        return Power(text.strip())
    except ValueError as exc:
        raise BadAnswerError(f"POWR: {text[:20]!r}") from exc


def read_conditions(text: str) -> dict[str, Condition]:
    """Of ERST, by the name of the part. Raises BadAnswerError."""
    if not re.fullmatch(r"[012]{6}", text.strip(), re.ASCII):
        raise BadAnswerError(f"ERST: {text[:20]!r}")
    digits = map(int, text.strip())
    return {part: Condition(digit) for part, digit in zip(PARTS, digits, strict=True)}


def read_lamps(text: str) -> list[Lamp]:
    """Of LAMP: hours and 0 or 1, for one lamp after the other. Raises BadAnswerError."""
    words = text.split()
    if not re.fullmatch(r"(\d{1,5} [01] )+", "".join(f"{w} " for w in words), re.ASCII):
        raise BadAnswerError(f"LAMP: {text[:20]!r}")
    pairs = zip(words[::2], words[1::2], strict=True)
    return [Lamp(int(hours), lit == "1") for hours, lit in pairs][:_MOST_LAMPS]


def read_hours(text: str) -> int:
    """Of FILT. Raises BadAnswerError."""
    if not re.fullmatch(r"\d{1,5}", text.strip(), re.ASCII):
        raise BadAnswerError(f"FILT: {text[:20]!r}")
    return int(text)


def read_words(text: str) -> str:
    """Of a name: what can be printed of it, on one line."""
    words = "".join(c if c.isprintable() and c != "\ufffd" else " " for c in text)
    return " ".join(words.split())[:_LONGEST_WORDS]
