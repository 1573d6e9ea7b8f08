"""What is to be signed by when and by whom, for each school; a pure function of record and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from collector.attest.entry import Attestation
from collector.attest.span import span_of
from collector.attest.standing import Key, Sizes, by_key, counting, holds, is_whole
from collector.judge.duty.papers import Says
from collector.judge.duty.status import protection_level
from collector.register.model import School
from collector.register.register import HOME
from config.duty import Attest, Duty, Period
from probes.text import Text


class Standing(StrEnum):
    """How it stands with one thing to sign. Only `holds` is in order."""

    HOLDS = "holds"
    NEVER = "never"
    LAPSED = "lapsed"
    WAITS = "waits"
    NO_FILE = "no_file"
    NOT_FULFILLED = "not_fulfilled"
    ON_EVENT = "on_event"
    """Nothing is owed until it happens."""


STANDINGS: dict[Standing, Text] = {
    Standing.HOLDS: Text("有效", "holds"),
    Standing.NEVER: Text("未签署", "not signed"),
    Standing.LAPSED: Text("已过期", "run out"),
    Standing.WAITS: Text("待第二人确认", "waits for the second person"),
    Standing.NO_FILE: Text("附件缺失", "document missing"),
    Standing.NOT_FULFILLED: Text("已签：未做到", "signed as not fulfilled"),
    Standing.ON_EVENT: Text("发生时签署", "signed when it happens"),
}
_OF_EACH_YEAR = {Period.YEAR: 1, Period.TWO_YEARS: 2}


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that one school signs for.

    Attributes:
        by: the day by which it has to be signed (again); None = no day is known: for good, when it
            happens, or, where it was never signed, at once.
        newest: the signature that counts, if there is one.
        advice: not required at the school's protection level; nobody is reminded.
    """

    school: School
    duty: Duty
    attest: Attest
    standing: Standing
    by: date | None
    newest: Attestation | None
    advice: bool

    @property
    def is_owed(self) -> bool:
        """Whether somebody has something to do, now or by the day."""
        if self.standing is Standing.HOLDS:
            return self.by is not None
        return self.standing is not Standing.ON_EVENT

    def days_left(self, today: date) -> int | None:
        """Below 0 when the day is over; None where there is no day."""
        return None if self.by is None else (self.by - today).days


def all_owed(
    schools: Iterable[School],
    duties: Sequence[Duty],
    attestations: Iterable[Attestation],
    now: datetime,
    sizes: Sizes,
) -> list[Owed]:
    """By school, in the order of duties; also what holds and what nobody need do now."""
    signed = by_key(attestations)
    return [
        one
        for school in schools
        for duty in duties
        if duty.attests and duty.applies.binds(school)
        for one in _of_duty(school, duty, signed, now, sizes)
    ]


def _of_duty(
    school: School,
    duty: Duty,
    signed: Mapping[Key, Sequence[Attestation]],
    now: datetime,
    sizes: Sizes,
) -> Iterator[Owed]:
    level = protection_level(school)
    for attest in duty.attests:
        all_of_it = signed.get((school.code, duty.id, attest.id), ())
        newest = counting(all_of_it, attest, now, sizes)
        standing = _standing(newest, attest, now, sizes)
        yield Owed(
            school=school,
            duty=duty,
            attest=attest,
            standing=standing,
            by=_by(attest, standing, newest, now),
            newest=newest,
            advice=level not in duty.levels or level not in attest.levels,
        )


def _standing(newest: Attestation | None, attest: Attest, now: datetime, sizes: Sizes) -> Standing:
    if newest is None:
        return Standing.ON_EVENT if attest.period is Period.EVENT else Standing.NEVER
    if holds(newest, attest, now, sizes):
        return Standing.HOLDS
    if newest.until is not None and newest.until <= now:
        return Standing.LAPSED
    if newest.says is Says.NOT_FULFILLED:
        return Standing.NOT_FULFILLED
    if attest.two_persons and newest.confirmed is None:
        return Standing.WAITS
    assert not is_whole(newest, attest, sizes)
    return Standing.NO_FILE


def _by(
    attest: Attest, standing: Standing, newest: Attestation | None, now: datetime
) -> date | None:
    today = now.astimezone(HOME).date()
    if standing is Standing.HOLDS and newest is not None:
        return _renewal(attest, newest)
    if standing is Standing.LAPSED and newest is not None and newest.until is not None:
        return newest.until.astimezone(HOME).date()
    if standing is Standing.ON_EVENT:
        return None
    if attest.due is not None:
        return _day_of(today.year, attest.due)
    if attest.period in (Period.ONCE, Period.EVENT):
        return None
    return span_of(attest.period, today).last


def _renewal(attest: Attest, held: Attestation) -> date | None:
    """The first of: its end, and the due day of the next year that it is not for."""
    days = [] if held.until is None else [held.until.astimezone(HOME).date()]
    years = _OF_EACH_YEAR.get(attest.period)
    if attest.due is not None and years is not None and held.entry.period.isdecimal():
        days.append(_day_of(int(held.entry.period) + years, attest.due))
    return min(days, default=None)


def _day_of(year: int, due: tuple[int, int]) -> date:
    """29 February of other years is the last of February."""
    try:
        return date(year, *due)
    except ValueError:
        return date(year, due[0] + 1, 1) - timedelta(days=1)
