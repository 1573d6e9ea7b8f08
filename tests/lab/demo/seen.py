"""What the collector says of the demonstration's schools, held against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.demo.plan import DemoSchool
from tests.lab.demo.truth import ACCESS, DEMANDS, ROWS, Demand, Truth


@dataclass(frozen=True)
class SchoolSeen:
    """One school as judged.

    Attributes:
        measured_mbit: median of the line's readings down; None without any.
        n: how many readings.
        underdelivered: None = not known yet.
    """

    measured_mbit: float | None
    n: int
    verdicts: Mapping[Demand, str]
    underdelivered: bool | None

    def agrees(self, school: DemoSchool, truth: Truth) -> bool:
        right = {demand: truth.verdict(school, demand) for demand in DEMANDS}
        return self.verdicts == right and self.underdelivered is truth.is_underdelivered(school)


NOTHING = SchoolSeen(None, 0, {}, None)


@dataclass(frozen=True)
class Seen:
    """One judgement; `areas` are verdicts by target value."""

    schools: Mapping[str, SchoolSeen]
    areas: Mapping[str, str]

    @classmethod
    def of(cls, answer: Mapping[str, Any] | None) -> Seen:
        """From what /v1/verdicts answers; None is an answer that is not there yet."""
        if answer is None:
            return cls({}, {})
        rows = [row for row in answer["schools"] if row["target_value"] in ROWS]
        codes = {row["school"] for row in rows}
        return cls(
            {code: _school([row for row in rows if row["school"] == code]) for code in codes},
            {r["target_value"]: r["verdict"] for r in answer["areas"] if r["target_value"] in ROWS},
        )

    def school(self, school: DemoSchool) -> SchoolSeen:
        return self.schools.get(school.code, NOTHING)

    def schools_right(self, truth: Truth) -> int:
        return sum(self.school(school).agrees(school, truth) for school in truth.schools)

    def areas_right(self, truth: Truth) -> int:
        return sum(self.areas.get(row) == truth.area(row) for row in ROWS)

    def agrees(self, truth: Truth) -> bool:
        schools, areas = len(truth.schools), len(ROWS)
        return self.schools_right(truth) == schools and self.areas_right(truth) == areas


def _school(rows: list[Mapping[str, Any]]) -> SchoolSeen:
    by_demand = {ROWS[row["target_value"]][0]: row for row in rows}
    line = by_demand.get(ACCESS)
    leg = next((leg for leg in line["legs"] if leg["name"] == "delivered"), None) if line else None
    value = leg["value"] if leg else None
    return SchoolSeen(
        measured_mbit=None if value is None else value / 1e6,
        n=leg["n"] if leg else 0,
        verdicts={demand: row["verdict"] for demand, row in by_demand.items()},
        underdelivered=line["underdelivered"] if line else None,
    )
