"""A seal: what a day of a source's lines was when it was closed, or that it was deleted since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import PurePosixPath


class Kind(StrEnum):
    SEALED = "sealed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, uncompressed.

    Attributes:
        lines: line ends, and one more for a last line without one.
        first_at, last_at: the earliest and the latest instant that a line begins with, as written
            there; empty if none does. By the clock of the receiver.
        sha256: 64 hexadecimal digits.
    """

    bytes: int
    lines: int
    first_at: str
    last_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """Of a source's day. Number 0 is what came in time; lines that came after the sealing are
    parts of their own, from 1 on."""

    source: str
    day: date
    number: int

    @property
    def path(self) -> PurePosixPath:
        """Below the folder of sealed files."""
        late = f".late{self.number}" if self.number else ""
        return PurePosixPath(self.source, f"{self.day}{late}.log.gz")


@dataclass(frozen=True, slots=True)
class Seal:
    """A row of the chain.

    Attributes:
        number: from 1 on, without a hole.
        stored_bytes: of the compressed file; 0 for a deletion.
        at: when it was sealed, ISO 8601 in UTC.
        link: made of this row and the link before it.
    """

    number: int
    kind: Kind
    part: Part
    content: Content
    stored_bytes: int
    at: str
    link: str

    def record(self) -> Mapping[str, str | int]:
        """What goes into the link."""
        return {
            "number": self.number,
            "kind": self.kind.value,
            "source": self.part.source,
            "day": self.part.day.isoformat(),
            "part": self.part.number,
            "bytes": self.content.bytes,
            "lines": self.content.lines,
            "first_at": self.content.first_at,
            "last_at": self.content.last_at,
            "sha256": self.content.sha256,
            "stored_bytes": self.stored_bytes,
            "at": self.at,
        }

    @property
    def anchor(self) -> str:
        """What to write down elsewhere: `12:0a1b…`."""
        return f"{self.number}:{self.link}"


def instant_or_none(text: str) -> datetime | None:
    """Of `first_at` or `last_at`."""
    return datetime.fromisoformat(text) if text else None
