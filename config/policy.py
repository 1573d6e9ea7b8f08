"""What is asked of schools: target values of plans and security duties, as typed data.

The data stand in policies/target-*.toml and policies/duties, each number with the document, clause
and quote it comes from. This module knows nothing of schools' facts and judges nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

from config.counting import NOTHING_COUNTED, Counting
from config.platform_file import Platform
from config.remote_class import RemoteClass
from probes.model import Better, Unit
from probes.text import Text

if TYPE_CHECKING:
    from config.duty import Duty

Scope = Literal["county", "city", "province"]
"""Over which schools an area's share is taken: the same six, four or two digits of the adcode."""
SCOPE_DIGITS: dict[Scope, int] = {"county": 6, "city": 4, "province": 2}

ALL_AREAS = "all"
AreaFact = Literal["policy_area", "seat"]
"""Which fact about a school says what area it is in: plans use more than one vocabulary."""
AREA_FACTS: tuple[AreaFact, ...] = ("policy_area", "seat")
ORIGINS = ("plan", "public", "default")
"""Where a number may come from; `default` is this project's own."""
TEACHING_POINT = "218"


class Operator(StrEnum):
    """以上, 不低于, 达到 include the number; 超过 does not."""

    AT_LEAST = ">="
    MORE_THAN = ">"
    AT_MOST = "<="
    LESS_THAN = "<"

    def holds(self, value: Fraction, bound: Fraction) -> bool:
        return _COMPARE[self](value, bound)

    @property
    def better(self) -> Better:
        """Which direction is good news under this operator."""
        upward = self in (Operator.AT_LEAST, Operator.MORE_THAN)
        return Better.HIGHER if upward else Better.LOWER


_COMPARE: dict[Operator, Callable[[Fraction, Fraction], bool]] = {
    Operator.AT_LEAST: operator.ge,
    Operator.MORE_THAN: operator.gt,
    Operator.AT_MOST: operator.le,
    Operator.LESS_THAN: operator.lt,
}


class Verification(StrEnum):
    """How sure a citation is. What is not `primary` must be compared with the official text."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    DERIVED = "derived"
    MEMORY = "memory"


VERIFICATIONS: dict[Verification, Text] = {
    Verification.PRIMARY: Text("已核对原文", "checked against the full text"),
    Verification.SECONDARY: Text("引自转载，待核对原文", "from a secondary source, to be checked"),
    Verification.DERIVED: Text(
        "由条文顺延推得，待核对原文", "derived by renumbering, to be checked"
    ),
    Verification.MEMORY: Text("未核对", "not checked"),
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """What policy must know of an indicator: its base unit, and which direction is good news."""

    unit: Unit
    better: Better


class Subject(Protocol):
    """The facts about a school that decide whether a policy binds it."""

    @property
    def adcode(self) -> str: ...
    @property
    def unit_kind(self) -> str: ...
    @property
    def type_code(self) -> str: ...
    @property
    def policy_area(self) -> str: ...
    @property
    def seat(self) -> str: ...
    @property
    def tags(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Applies:
    """Which schools a policy binds. Bureau offices only when `unit_kinds` names them.

    Attributes:
        adcodes: prefixes of the adcode; empty = everywhere.
        type_codes: school types it is limited to; empty = all but `not_type_codes`.
        tags: the school must carry one of them; empty = no such condition.
    """

    adcodes: tuple[str, ...] = ()
    unit_kinds: frozenset[str] = frozenset({"school", "campus", "point"})
    type_codes: frozenset[str] = frozenset()
    not_type_codes: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    include_teaching_points: bool = True

    def binds(self, school: Subject) -> bool:
        point = school.unit_kind == "point" or school.type_code == TEACHING_POINT
        return (
            (not self.adcodes or school.adcode.startswith(self.adcodes))
            and school.unit_kind in self.unit_kinds
            and (not self.type_codes or school.type_code in self.type_codes)
            and school.type_code not in self.not_type_codes
            and (not self.tags or not self.tags.isdisjoint(school.tags))
            and (self.include_teaching_points or not point)
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a number comes from.

    Attributes:
        kind: `plan` (a plan of a bureau), `public` (a published document) or `default` (this
            project's own).
        verified: how sure the citation is; None where that is not said.
        value_origin: the same kinds, for the number: a plan may ask for something without one.
    """

    kind: str
    document: str
    note: Text | None = None
    verified: Verification | None = None
    value_origin: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the measured leg asks: this share of the value, on at least so many readings and days.

    None of it stands in a plan; `origin` says whose choice it is.

    Attributes:
        minimum_coverage: share of the expected runs that must have come; 0 = not asked.
    """

    tolerance: Fraction
    minimum_readings: int
    minimum_days: int
    origin: str
    minimum_coverage: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """When a wired sentinel's reading of a line is confirmed by the counters of the port behind it.

    Attributes:
        stretch: the counters are looked at in stretches so long.
        above: by which share of the reading the port may have carried more.
        carried: which share of what the measurement sent the port must have carried.
        hops: speeds of Ethernet, in bits a second.
        hop_from, hop_to: between these shares of a speed a reading is that of a hop of the LAN.

    Shares of measurements, held against hundreds of thousands of them: floats will do.
    """

    stretch: timedelta
    above: float
    carried: float
    hops: tuple[int, ...]
    hop_from: float
    hop_to: float
    origin: str


@dataclass(frozen=True, slots=True)
class LinePolicy:
    """What is held against the contracts of lines.

    Attributes:
        delivery: from which median on a line brings its contract, and on how much evidence.
        offers: the rates that can be contracted, in bits a second, in order; empty = any.
        lesson_coverage: share of lessons that should have a valid reading of the line.
        wired: None where no wired reading ever stands for a line.
    """

    delivery: Delivery = Delivery(Fraction(1), 1, 1, "default")
    offers: tuple[int, ...] = ()
    lesson_coverage: Fraction = Fraction(1)
    coverage_origin: str = "default"
    revision: str = ""
    wired: Wired | None = None

    def sold(self, wanted: int) -> int:
        """The slowest offer of at least so much; `wanted` itself where there is none."""
        return next((offer for offer in self.offers if offer >= wanted), wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetValue:
    """One row of a plan: so many of an area's schools reach this value by this day.

    Attributes:
        id: `policy.year.area`.
        value: in the base unit of the indicator, exact.
        written: the value as its source writes it, such as `10 Mbit/s`.
        area: a key of the policy's areas, or ALL_AREAS.
        area_fact: the fact of the register that is held against the words.
        area_words: what the register calls that area; empty for ALL_AREAS.
        vocabulary: every area word this policy knows, to find schools whose area it does not.
        cumulative: a later row of its policy and area does not cancel this one.
        revision: of the policy it stands in.
    """

    id: str
    policy: str
    title: Text
    indicator: str
    operator: Operator
    value: Fraction
    unit: Unit
    written: str
    area: str
    area_title: Text
    area_words: frozenset[str]
    vocabulary: frozenset[str]
    share: Fraction
    share_operator: Operator
    due: date
    cumulative: bool
    scope: Scope
    applies: Applies
    origin: Origin
    clause: str
    quote: str
    delivery: Delivery
    revision: str
    area_fact: AreaFact = "policy_area"

    def _area_of(self, school: Subject) -> str:
        return school.seat if self.area_fact == "seat" else school.policy_area

    def covers(self, school: Subject) -> bool:
        """Whether the school is one of those that this row counts."""
        in_area = self.area == ALL_AREAS or self._area_of(school) in self.area_words
        return in_area and self.applies.binds(school)

    def misplaces(self, school: Subject) -> bool:
        """Whether the policy binds the school but knows no area of that name."""
        known = not self.vocabulary or self._area_of(school) in self.vocabulary
        return not known and self.applies.binds(school)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """An article of a law, standard or plan, and from when to when it bears that number."""

    document: str
    article: str
    quote: str
    in_force_from: date | None
    in_force_until: date | None
    levels: frozenset[int]
    verified: Verification
    note: Text | None

    def in_force(self, on: date) -> bool:
        begun = self.in_force_from is None or self.in_force_from <= on
        return begun and (self.in_force_until is None or on <= self.in_force_until)


@dataclass(frozen=True, slots=True)
class Policies:
    """All policy data. `revision` changes when any of it does."""

    targets: tuple[TargetValue, ...]
    duties: tuple[Duty, ...]
    revision: str
    platforms: tuple[Platform, ...] = ()
    lines: LinePolicy = LinePolicy()
    remote_class: RemoteClass | None = None
    counting: Counting = NOTHING_COUNTED

    def targets_due(self, as_of: date) -> tuple[TargetValue, ...]:
        """The rows in force: due by then, and not superseded by a later row of their policy."""
        due = sorted((t for t in self.targets if t.due <= as_of), key=lambda t: (t.due, t.id))
        return tuple(t for t in due if t.cumulative or not _superseded(t, due))

    def targets_to_come(self, as_of: date) -> tuple[TargetValue, ...]:
        """The rows that are due later, the next first."""
        return tuple(
            sorted((t for t in self.targets if t.due > as_of), key=lambda t: (t.due, t.id))
        )


def _superseded(target: TargetValue, due: Iterable[TargetValue]) -> bool:
    return any(
        other.policy == target.policy and other.area == target.area and other.due > target.due
        for other in due
    )
