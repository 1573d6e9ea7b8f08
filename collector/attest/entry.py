"""Entries of the record of signatures, and what they amount to, as values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from collector.attest.evidence import Evidence
from collector.judge.duty.papers import Says
from probes.text import BanjunError, Text

BUREAU = ""
"""As the school of what the bureau itself signs."""
SAYS: dict[Says, Text] = {
    Says.FULFILLED: Text("已做到", "fulfilled"),
    Says.NOT_FULFILLED: Text("未做到", "not fulfilled"),
    Says.NOT_APPLICABLE: Text("不适用", "not applicable"),
}


class AttestError(BanjunError):
    """What was to be signed, confirmed or taken back cannot be."""


class Kind(StrEnum):
    SIGNED = "signed"
    CONFIRMED = "confirmed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the record. It is never changed; its values are as they went into its link.

    Attributes:
        of: number of the signature that a confirmation or revocation is about.
        at, valid_until: instants as text, ISO 8601 in UTC.
        actor: who entered it: a local user, or the holder of the admin key.
        school: its code; BUREAU for the bureau.
        revision: of the duty as it stood: what exactly was asked.
        period: label of a span.
        person: name or staff number as typed; who signed, confirmed or took back.
        note: what was said with it; why it is not fulfilled, not applicable, or taken back.
    """

    number: int
    kind: Kind
    of: int | None = None
    at: str
    actor: str
    school: str
    duty: str
    attest: str
    revision: str = ""
    period: str = ""
    says: str = ""
    role: str = ""
    person: str = ""
    note: str = ""
    valid_until: str | None = None
    file_sha256: str | None = None
    file_bytes: int | None = None
    file_type: str | None = None
    file_name: str | None = None
    link: str = ""

    def record(self) -> dict[str, Any]:
        """All but the link, which is made of it."""
        return {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "link"
        }

    @property
    def evidence(self) -> Evidence | None:
        """The document handed in with it."""
        if self.file_sha256 is None:
            return None
        return Evidence(
            self.file_sha256, self.file_bytes or 0, self.file_type or "", self.file_name or ""
        )


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signature with what became of it."""

    entry: Entry
    confirmed: Entry | None = None
    revoked: Entry | None = None

    @property
    def number(self) -> int:
        return self.entry.number

    @property
    def key(self) -> tuple[str, str, str]:
        """School, duty and attest."""
        return self.entry.school, self.entry.duty, self.entry.attest

    @property
    def says(self) -> Says:
        return Says(self.entry.says)

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.entry.at)

    @property
    def until(self) -> datetime | None:
        """The end of its validity; None = until it is taken back."""
        text = self.entry.valid_until
        return None if text is None else datetime.fromisoformat(text)

    @property
    def evidence(self) -> Evidence | None:
        return self.entry.evidence

    @property
    def is_readable(self) -> bool:
        """Not so where somebody wrote into the database by hand."""
        try:
            return bool(self.says and self.at.tzinfo and (self.until is None or self.until.tzinfo))
        except ValueError:
            return False


def no_such_attestation(number: int) -> AttestError:
    return AttestError(
        Text(
            f"没有 {number} 号签署；attest list 列出全部。",
            f"There is no signature {number}; `attest list` shows all.",
        )
    )
