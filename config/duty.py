"""A security duty as data: who owes it to which law, and by what it is known to be fulfilled.

A check is a fact that machines measure, an attest is a thing that a person signs for. Neither
stands for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from config.policy import Applies, Citation, Operator
from probes.model import Role, Unit
from probes.text import Text

Evidence = Literal["automatic", "attested", "both"]
DutyKind = Literal["law", "protection", "sector", "plan"]
DUTY_KINDS: dict[DutyKind, Text] = {
    "law": Text("法律法规", "laws and regulations"),
    "protection": Text("等级保护", "graded protection"),
    "sector": Text("教育行业规定", "rules of the sector"),
    "plan": Text("规划要求", "plans"),
}


class Period(StrEnum):
    """How often something has to be signed for again."""

    ONCE = "once"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    TWO_YEARS = "two_years"
    EVENT = "event"
    """When the thing happens; it is owed from the event on, never by the calendar alone."""


PERIODS: dict[Period, Text] = {
    Period.ONCE: Text("一次", "once"),
    Period.MONTH: Text("每月", "each month"),
    Period.QUARTER: Text("每季度", "each quarter"),
    Period.HALF_YEAR: Text("每半年", "each half-year"),
    Period.YEAR: Text("每年", "each year"),
    Period.TWO_YEARS: Text("每两年", "each two years"),
    Period.EVENT: Text("事件发生时", "when it happens"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCheck:
    """A fact that so many of a school's machines must show.

    Attributes:
        fact: `probe.metric`.
        where: values of labels that the reading must have.
        value: in the metric's base unit; of a boolean 1 or 0.
        share: of the machines of `roles` with an agent.
        fresh_school_days: older answers are stale, and count as unknown.
        levels: protection levels at which it is required; at others it is advice.
        value_origin: whose number it is: of a plan, a public document, or this project's default.
        note: where the number comes from.
    """

    id: str
    title: Text
    fact: str
    where: tuple[tuple[str, str], ...]
    operator: Operator
    value: Fraction
    unit: Unit
    share: Fraction
    roles: frozenset[Role]
    fresh_school_days: int
    levels: frozenset[int]
    value_origin: str
    note: Text | None = None

    @property
    def probe(self) -> str:
        return self.fact.partition(".")[0]

    @property
    def metric(self) -> str:
        return self.fact.partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorCheck:
    """A quantity of the school as a whole, found by the indicator of that name."""

    id: str
    title: Text
    indicator: str
    operator: Operator
    value: Fraction
    unit: Unit
    levels: frozenset[int]
    value_origin: str
    note: Text | None = None


Check = FactCheck | IndicatorCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Attest:
    """Something a person signs for.

    Attributes:
        asks: what is declared, as a sentence that is true or not.
        role: who signs.
        valid_days: how long a signature holds; None = until it is taken back.
        due: month and day by which it has to be there each year; None = no such day.
        needs_file: whether a document has to be handed in with it.
        two_persons: whether a second person has to confirm it.
        remind_days: so many days before it is due or runs out, somebody is reminded.
    """

    id: str
    title: Text
    asks: Text
    role: Text
    period: Period
    valid_days: int | None
    due: tuple[int, int] | None
    needs_file: bool
    two_persons: bool
    remind_days: tuple[int, ...]
    levels: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a school owes.

    Attributes:
        levels: protection levels at which it is required; at others it is advice.
        role: who answers for it in the school.
        cadence: how often it has to be seen to.
        deadline: until when, in words; None where there is none beyond the cadence.
        remedy: what to do when it is not fulfilled.
    """

    id: str
    kind: DutyKind
    title: Text
    levels: frozenset[int]
    role: Text
    cadence: Text
    deadline: Text | None
    why: Text
    remedy: Text
    citations: tuple[Citation, ...]
    checks: tuple[Check, ...]
    attests: tuple[Attest, ...]
    applies: Applies
    revision: str

    @property
    def evidence(self) -> Evidence:
        if self.checks and self.attests:
            return "both"
        return "automatic" if self.checks else "attested"

    def cited(self, on: date) -> tuple[Citation, ...]:
        """The articles under the numbers that they bore on that day."""
        return tuple(c for c in self.citations if c.in_force(on))
