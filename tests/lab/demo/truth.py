"""What the verdicts have to be, from the rates of the lines alone.

Written down again, and not asked of the judge: it is what the judge is held against. The plan of
Hefei (4 and 10 Mbit/s a class, by year), access with 100 Mbit/s, and the share of the value that
has to arrive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.lab.demo.plan import DemoSchool

DELIVERED_SHARE = Fraction(9, 10)
MET, NOT_MET = "met", "not_met"


@dataclass(frozen=True)
class Demand:
    """`mbit` for each class, or for the whole line."""

    mbit: int
    per_class: bool

    def units(self, school: DemoSchool) -> int:
        return school.classes if self.per_class else 1


FOUR, TEN, ACCESS = Demand(4, True), Demand(10, True), Demand(100, False)
DEMANDS = (FOUR, TEN, ACCESS)
_HEFEI, _ACCESS = "hefei.egress_per_class", "national.access_100m"
ROWS: Mapping[str, tuple[Demand, Fraction]] = {
    f"{_HEFEI}.2016.urban": (FOUR, Fraction(1, 2)),
    f"{_HEFEI}.2017.urban": (FOUR, Fraction(1)),
    f"{_HEFEI}.2018.urban": (TEN, Fraction(1, 3)),
    f"{_HEFEI}.2019.urban": (TEN, Fraction(2, 3)),
    f"{_HEFEI}.2020.urban": (TEN, Fraction(1)),
    f"{_ACCESS}.2020.all": (ACCESS, Fraction(1)),
}
"""Target value -> what it asks of a school, and of how many schools."""


@dataclass(frozen=True)
class Truth:
    """Of one moment: `mbit` is what each school's line carries now, by code."""

    schools: Sequence[DemoSchool]
    mbit: Mapping[str, float]

    def verdict(self, school: DemoSchool, demand: Demand) -> str:
        asked = demand.mbit * demand.units(school)
        has = school.contract_mbit >= asked
        arrives = Fraction(self.mbit[school.code]) >= DELIVERED_SHARE * asked
        return MET if has and arrives else NOT_MET

    def area(self, row: str) -> str:
        demand, share = ROWS[row]
        met = sum(self.verdict(school, demand) == MET for school in self.schools)
        return MET if Fraction(met, len(self.schools)) >= share else NOT_MET

    def is_underdelivered(self, school: DemoSchool) -> bool:
        return Fraction(self.mbit[school.code]) < DELIVERED_SHARE * school.contract_mbit
