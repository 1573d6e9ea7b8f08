"""Shares of a school's places: those that have it, those that have not, and those not known.

Rooms and seats of computer rooms alike. What is not known can turn out either way, so it proves
neither met nor not met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Evidence, Figure, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.judge.share import judge_share
from collector.register.model import School
from config.policy import TargetValue
from probes.model import Better, Unit
from probes.text import Text


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why there is nothing to count: NOT_APPLICABLE, or UNDETERMINED."""

    verdict: Verdict
    reason: Text


@dataclass(frozen=True, slots=True)
class Parts:
    """Attributes:
    reason: how many, and on what evidence.
    layer, method: of the evidence, as in `Evidence`.
    """

    yes: int
    no: int
    unknown: int
    reason: Text
    layer: str
    method: str
    since: datetime | None = None
    until: datetime | None = None
    newest: datetime | None = None

    @property
    def total(self) -> int:
        return self.yes + self.no + self.unknown

    @property
    def share(self) -> float | None:
        """The least that it can be; None while nothing at all is known."""
        return self.yes / self.total if self.yes + self.no else None


class PartsIndicator(ObservedIndicator):
    """The share of a school's places that have something."""

    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    leg: ClassVar[LegName] = LegName.ROOMS

    def look(self, school: School, scene: Scene) -> Parts | Nothing:
        raise NotImplementedError

    def observe(self, school: School, scene: Scene) -> Figure:
        found = self.look(school, scene)
        if isinstance(found, Nothing):
            return Figure(None, found.reason)
        return Figure(
            value=found.share,
            reason=found.reason,
            n=found.yes + found.no,
            coverage=(found.yes + found.no) / found.total,
            since=found.since,
            until=found.until,
            lower_bound=bool(found.unknown),
        )

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        found = self.look(school, scene)
        if isinstance(found, Nothing):
            return Finding(found.verdict, found.reason)
        verdict = judge_share(found.yes, found.no, found.unknown, target.value, target.operator)
        evidence = Evidence(
            found.layer,
            found.method,
            n=found.yes + found.no,
            since=found.since,
            until=found.until,
            coverage=(found.yes + found.no) / found.total,
            newest=found.newest,
        )
        leg = Leg(
            self.leg, verdict, found.share, float(target.value), self.unit, found.reason, evidence
        )
        return Finding(verdict, found.reason, (leg,))


def listed(counts: Sequence[tuple[Text, int]]) -> Text:
    """`勘测有 20、接入点在线 8`; without those of which there is none."""
    some = [(words, n) for words, n in counts if n]
    return Text(
        "、".join(f"{words.zh} {n}" for words, n in some),
        ", ".join(f"{n} {words.en}" for words, n in some),
    )
