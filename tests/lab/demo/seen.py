"""What the collector says of the demonstration's schools, held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.demo.plan import DemoSchool
from tests.lab.demo.truth import DEMANDS, MET, NOT_MET, ROWS, Demand, Truth


@dataclass(frozen=True)
class SchoolSeen:
    """One school as judged.

    Attributes:
        median_mbit: of the line's valid readings down; None without any.
        newest_mbit: the last of them.
        n: how many.
        underdelivered: None = not known yet.
    """

    median_mbit: float | None
    newest_mbit: float | None
    n: int
    verdicts: Mapping[Demand, str]
    underdelivered: bool | None

    def agrees(self, school: DemoSchool, truth: Truth) -> bool:
        right = {demand: truth.verdict(school, demand) for demand in DEMANDS}
        return self.verdicts == right and self.underdelivered is truth.is_underdelivered(school)


_NOTHING = SchoolSeen(None, None, 0, {}, None)


@dataclass(frozen=True)
class Seen:
    """One judgement; `areas` are verdicts by target value."""

    schools: Mapping[str, SchoolSeen]
    areas: Mapping[str, str]

    @classmethod
    def of(cls, answer: Mapping[str, Any], newest: Iterable[Mapping[str, Any]]) -> Seen:
        """From what /v1/verdicts answers, and /v1/query of the newest reading down by school."""
        latest = {row["school"]: row["value"] / 1e6 for row in newest}
        down = {row["school"]: row for row in answer["lines"] if row["direction"] == "down"}
        return cls(
            {c: _school(line, answer["schools"], latest.get(c)) for c, line in down.items()},
            {r["target_value"]: r["verdict"] for r in answer["areas"] if r["target_value"] in ROWS},
        )

    @classmethod
    def nothing(cls) -> Seen:
        """Before the first judgement."""
        return cls({}, {})

    def school(self, school: DemoSchool) -> SchoolSeen:
        return self.schools.get(school.code, _NOTHING)

    def schools_right(self, truth: Truth) -> int:
        return sum(self.school(school).agrees(school, truth) for school in truth.schools)

    def areas_right(self, truth: Truth) -> int:
        return sum(self.areas.get(row) == truth.area(row) for row in ROWS)

    def agrees(self, truth: Truth) -> bool:
        schools, areas = len(truth.schools), len(ROWS)
        return self.schools_right(truth) == schools and self.areas_right(truth) == areas


def _school(
    line: Mapping[str, Any], rows: list[Mapping[str, Any]], newest: float | None
) -> SchoolSeen:
    asked = [r for r in rows if r["school"] == line["school"] and r["target_value"] in ROWS]
    median = line["median"]
    return SchoolSeen(
        median_mbit=None if median is None else median / 1e6,
        newest_mbit=newest,
        n=line["n"],
        verdicts={ROWS[row["target_value"]][0]: row["verdict"] for row in asked},
        underdelivered={MET: False, NOT_MET: True}.get(line["verdict"]),
    )
