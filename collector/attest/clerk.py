"""Signing as commands and pages do it: record, documents, duties and schools together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from collector.attest.book import AttestBook
from collector.attest.entry import BUREAU, Attestation
from collector.attest.evidence import EvidenceShelf
from collector.attest.owed import Owed, all_owed
from collector.attest.signing import Wish, checked, find_asked
from collector.attest.standing import papers
from collector.attest.verify import Verified, verify
from collector.judge.duty.papers import Papers
from collector.register.model import School
from collector.register.register import Register, UnknownSchoolError, utc_now
from config.duty import Attest, Duty
from config.policy import Applies
from config.policy_folder import policies_of
from config.record_file import load_record_rules

BUREAU_WORD = "bureau"
"""As a person names the bureau in the place of a school."""
_BUREAU = School(code=BUREAU, name="教育局", adcode="", unit_kind="office")
_OFFICES = Applies(unit_kinds=frozenset({"office"}))
Document = tuple[bytes, str]
"""Its content, and what it is called."""


class Clerk:
    """Every method may block; call it in a thread."""

    def __init__(
        self,
        register: Register,
        data_dir: Path,
        duties: Sequence[Duty],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._register = register
        self._clock = clock
        self.duties = duties
        self.book = AttestBook(register.database, clock)
        largest = load_record_rules(policies_of(data_dir)).evidence_bytes
        self.shelf = EvidenceShelf(data_dir, largest)

    def find(self, duty: str, attest: str) -> tuple[Duty, Attest]:
        """Raises AttestError."""
        return find_asked(self.duties, duty, attest)

    def known(self, one: Attestation) -> tuple[Duty | None, Attest | None]:
        """What it was signed for, as far as policy still has it."""
        duty = next((d for d in self.duties if d.id == one.entry.duty), None)
        attests = () if duty is None else duty.attests
        return duty, next((a for a in attests if a.id == one.entry.attest), None)

    def sign(
        self,
        school: str,
        asked: tuple[Duty, Attest],
        wish: Wish,
        document: Document | None,
        actor: str,
    ) -> Attestation:
        """The document is kept first, so that no signature ever names one that is not there.

        Raises UnknownSchoolError, AttestError, SpanError and EvidenceError.
        """
        signing = checked(
            wish, self._school(school), asked, self._clock(), has_file=document is not None
        )
        if document is not None:
            signing = replace(signing, evidence=self.shelf.put(*document))
        return self.book.sign(signing, actor)

    def owed(self, school: str | None = None) -> list[Owed]:
        """Of one school or of all; what holds stands there as well.

        Of the bureau, for which no policy says what it owes: what it has signed.
        """
        code = BUREAU if school == BUREAU_WORD else school
        signed = self.book.attestations(code)
        schools = [one for one in self.schools() if code in (None, one.code)]
        found = all_owed(schools, self.duties, signed, self._clock(), self.shelf.sizes())
        if code == BUREAU:
            keys = {one.key for one in signed}
            every = [replace(duty, applies=_OFFICES) for duty in self.duties]
            found = all_owed([_BUREAU], every, signed, self._clock(), self.shelf.sizes())
            found = [one for one in found if (BUREAU, one.duty.id, one.attest.id) in keys]
        return found

    def papers(self, now: datetime) -> Papers:
        """For judging: what was signed. Waivers are somebody else's."""
        return papers(self.book.attestations(), self.duties, now, self.shelf.sizes())

    def verify(self) -> Verified:
        return verify(self.book, self.shelf)

    def schools(self) -> Sequence[School]:
        return self._register.schools(self._register.today())

    def _school(self, code: str) -> School | None:
        if code == BUREAU_WORD:
            return None
        found = self._register.school(code, self._register.today())
        if found is None:
            raise UnknownSchoolError(code)
        return found
