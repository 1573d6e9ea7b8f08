"""How much of the lesson time something was reached.

What was not looked at is neither reached nor missed: the share is known to lie between the runs
that got through, and those together with all that did not come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import floor

from collector.judge.model import Evidence, Figure, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef, Summary
from config.policy import TargetValue
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

NOT_EXPECTED = Text(
    "不知道应有多少次测量，无从得知漏了多少。",
    "How many runs there should be is not known, so neither is what is missing.",
)

NOTHING_READ = Text("上课时还没有读数。", "There is no reading in lessons yet.")


@dataclass(frozen=True, slots=True)
class Reached:
    """Runs in lessons.

    Attributes:
        good: those that got through.
        runs: those that said anything.
        expected: those that were asked for; None = not known.
    """

    good: int = 0
    runs: int = 0
    expected: float | None = None
    days: int = 0
    newest: datetime | None = None

    @property
    def coverage(self) -> float | None:
        return self.runs / self.whole if self.expected else None

    @property
    def whole(self) -> int:
        """The runs that the share is of."""
        return max(self.runs, floor(self.expected or 0))

    @property
    def low(self) -> Fraction:
        return Fraction(self.good, self.whole)

    @property
    def high(self) -> Fraction:
        return Fraction(self.good + self.whole - self.runs, self.whole)


def reached(summaries: Iterable[Summary], days: int) -> Reached:
    """From means of a yes-or-no metric, one summary for each agent."""
    found = list(summaries)
    expected = [s.expected for s in found if s.expected is not None]
    return Reached(
        good=sum(round(s.value * s.n) for s in found),
        runs=sum(s.n for s in found),
        expected=sum(expected) if expected else None,
        days=days,
        newest=max((s.last for s in found), default=None),
    )


def reached_by(
    agents: Collection[str], metric: MetricRef, target: str, school: School, scene: Scene
) -> Reached:
    """In lessons, as `agents` of the school saw it by the yes-or-no `metric` of that target."""
    where = {"target": (target,)}
    summaries = scene.lesson_readings.summaries(school, metric, "mean", ("agent",), where)
    own = [summary for (agent,), summary in summaries.items() if agent in agents]
    return reached(own, scene.lesson_readings.days(school, metric, where) if own else 0)


def judge_reached(found: Reached, target: TargetValue) -> tuple[Verdict, Text]:
    """Met if it holds whatever the missing runs were, not met if it fails whatever they were."""
    asked = target.delivery
    if not found.runs or found.runs < asked.minimum_readings or found.days < asked.minimum_days:
        return Verdict.UNDETERMINED, too_few(target, found.runs, found.days)
    if found.expected is None:
        return Verdict.UNDETERMINED, NOT_EXPECTED
    words = _words(found)
    if target.operator.holds(found.low, target.value):
        return Verdict.MET, words
    if not target.operator.holds(found.high, target.value):
        return Verdict.NOT_MET, words
    return Verdict.UNDETERMINED, words


def too_few(target: TargetValue, readings: int, days: int) -> Text:
    asked = target.delivery
    return Text(
        f"上课时的读数太少：{days} 天 {readings} 次，至少需要 {asked.minimum_days} 天 "
        f"{asked.minimum_readings} 次。",
        f"Too few readings in lessons: {readings} on {days} days; at least "
        f"{asked.minimum_readings} on {asked.minimum_days} are needed.",
    )


def _words(found: Reached) -> Text:
    missing = found.whole - found.runs
    low, high = show_both(found.low, Unit.RATIO), show_both(found.high, Unit.RATIO)
    zh = f"上课时应有 {found.whole} 次，{found.good} 次连通、{found.runs - found.good} 次不通"
    en = (
        f"Of {found.whole} runs in lessons {found.good} got through and "
        f"{found.runs - found.good} did not"
    )
    if not missing:
        return Text(f"{zh}：{low.zh}。", f"{en}: {low.en}.")
    return Text(
        f"{zh}、{missing} 次没有消息：在 {low.zh} 与 {high.zh} 之间。",
        f"{en}; {missing} are missing: between {low.en} and {high.en}.",
    )


def figure_of(found: Reached, since: datetime, until: datetime) -> Figure:
    """The share of the runs that came, held against nothing."""
    if not found.runs:
        return Figure(None, NOTHING_READ, since=since, until=until)
    share = float(Fraction(found.good, found.runs))
    return Figure(share, _words(found), found.runs, found.coverage, since, until)


def evidence_of(
    found: Reached, layer: str, method: str, since: datetime, until: datetime
) -> Evidence:
    return Evidence(
        layer=layer,
        method=method,
        n=found.runs,
        days=found.days,
        since=since,
        until=until,
        coverage=found.coverage,
        newest=found.newest,
    )


def leg_of(
    name: LegName,
    verdict: Verdict,
    reason: Text,
    target: TargetValue,
    found: Reached | None,
    evidence: Evidence,
) -> Leg:
    """`found` is None when nothing was read. The value is of the runs that came; what the missing
    ones may change stands in the reason."""
    share = float(Fraction(found.good, found.runs)) if found is not None and found.runs else None
    return Leg(name, verdict, share, float(target.value), Unit.RATIO, reason, evidence)
