"""What somebody wants to sign, held against the duty that asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from collector.attest.entry import BUREAU, AttestError, Entry, Kind
from collector.attest.evidence import Evidence
from collector.attest.person import checked_person
from collector.attest.span import Span, read_span
from collector.judge.duty.papers import Says
from collector.register.model import School
from collector.register.register import HOME
from config.duty import Attest, Duty
from probes.text import Text

_LONGEST_NOTE = 512
_LONGEST_ROLE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """As a command or a form brings it. `role` is empty for the role that the duty names."""

    says: str
    person: str
    period: str = ""
    role: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """A wish that may be written down."""

    school: str
    duty: Duty
    attest: Attest
    span: Span
    says: Says
    role: str
    person: str
    note: str
    evidence: Evidence | None

    def entry(self, now: datetime, actor: str) -> Entry:
        until = valid_until(self.attest, self.span, now)
        file = self.evidence
        return Entry(
            number=0,
            kind=Kind.SIGNED,
            at=_text(now),
            actor=actor[:64],
            school=self.school,
            duty=self.duty.id,
            attest=self.attest.id,
            revision=self.duty.revision,
            period=self.span.label,
            says=self.says.value,
            role=self.role,
            person=self.person,
            note=self.note,
            valid_until=None if until is None else _text(until),
            file_sha256=None if file is None else file.sha256,
            file_bytes=None if file is None else file.size,
            file_type=None if file is None else file.type,
            file_name=None if file is None else file.name,
        )


def checked(
    wish: Wish, school: School | None, asked: tuple[Duty, Attest], now: datetime, *, has_file: bool
) -> Signing:
    """Without its evidence, which is kept only once all else is in order. Raises AttestError.

    `school` is None for the bureau.
    """
    duty, attest = asked
    if school is not None and not duty.applies.binds(school):
        raise AttestError(
            Text(
                f"职责 {duty.id} 不适用于 {school.code} {school.name}，不必签署。",
                f"The duty {duty.id} does not bind {school.code} {school.name}; nothing is to be "
                "signed.",
            )
        )
    says = _says(wish.says)
    note = " ".join(wish.note.split())[:_LONGEST_NOTE]
    if says is not Says.FULFILLED and not note:
        raise AttestError(
            Text(
                "签署“未做到”或“不适用”时，请用 --note 说明原因。",
                "Who signs that something is not fulfilled or not applicable says why: --note.",
            )
        )
    if says is Says.FULFILLED and attest.needs_file and not has_file:
        raise AttestError(
            Text(
                f"{attest.title.zh}须附证明文件（--file）。",
                f"{attest.title.en}: a document has to be handed in with it (--file).",
            )
        )
    return Signing(
        school=BUREAU if school is None else school.code,
        duty=duty,
        attest=attest,
        span=read_span(attest.period, wish.period.strip(), now.astimezone(HOME).date()),
        says=says,
        role=(" ".join(wish.role.split()) or attest.role.zh)[:_LONGEST_ROLE],
        person=checked_person(wish.person),
        note=note,
        evidence=None,
    )


def _says(text: str) -> Says:
    if text not in set(Says):
        known = ", ".join(Says)
        raise AttestError(
            Text(
                f"--says “{text}”不在可用值 {known} 之中。",
                f"--says {text!r} is not one of {known}.",
            )
        )
    return Says(text)


def find_asked(duties: Sequence[Duty], duty: str, attest: str) -> tuple[Duty, Attest]:
    """`attest` may be empty where the duty asks for one signature only. Raises AttestError."""
    found = next((one for one in duties if one.id == duty), None)
    if found is None:
        known = ", ".join(one.id for one in duties if one.attests) or "-"
        raise AttestError(
            Text(
                f"没有职责“{duty}”；需要签署的有：{known}。",
                f"There is no duty {duty!r}; those that are signed for: {known}.",
            )
        )
    wanted = [one for one in found.attests if attest in ("", one.id)]
    if len(wanted) == 1:
        return found, wanted[0]
    known = ", ".join(one.id for one in found.attests)
    if not known:
        raise AttestError(
            Text(
                f"职责 {duty} 由机器核查，没有要签署的项目。",
                f"The duty {duty} is checked by machines; there is nothing to sign.",
            )
        )
    raise AttestError(
        Text(
            f"职责 {duty} 的签署项“{attest}”不明确；可用的有：{known}。",
            f"{attest!r} names none of what the duty {duty} asks to be signed: {known}.",
        )
    )


def valid_until(attest: Attest, span: Span, now: datetime) -> datetime | None:
    """What is signed late, for a period that is over, does not hold longer for that."""
    if attest.valid_days is None:
        return None
    lasts = timedelta(days=attest.valid_days)
    return min(now + lasts, _end_of(span, HOME) + lasts)


def _end_of(span: Span, zone: ZoneInfo) -> datetime:
    return datetime.combine(span.last + timedelta(days=1), time(), zone)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
