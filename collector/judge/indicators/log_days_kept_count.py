"""日志留存天数: days up to yesterday of which none of a school's sources lacks a line."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from collector.judge.indicator import DutyEvidence
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.logs.evidence import LogStanding
from collector.register.model import School
from config.duty import IndicatorCheck
from probes.model import Better, Unit
from probes.text import Text

NO_SOURCE = Text(
    "该校没有登记日志来源，无从得知。", "No source of logs is registered; nothing is known."
)


class LogDaysKept(DutyEvidence):
    name: ClassVar[str] = "log_days_kept_count"
    unit: ClassVar[Unit] = Unit.COUNT
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("日志留存天数", "Days of logs kept")
    meaning: ClassVar[Text] = Text(
        "截至昨天，各来源都连续无缺的天数，取最短的来源；天数不够而没有缺口的是时间未到，不算没做到。",
        "Days up to yesterday without a missing one, of the source that has fewest. Too few "
        "without a gap means that it has not been long enough, not that it was not done.",
    )

    def judge(self, school: School, check: IndicatorCheck, scene: Scene) -> Finding:
        standing = scene.logs.get(school.code)
        if standing is None or standing.days_kept is None:
            return Finding(Verdict.UNDETERMINED, NO_SOURCE)
        verdict = _verdict(standing, check)
        reason = _reason(standing, verdict)
        leg = Leg(
            name=LegName.LOGS,
            verdict=verdict,
            value=standing.days_kept,
            required=float(check.value),
            unit=self.unit,
            reason=reason,
            evidence=Evidence(
                layer="log", method="sealed logs", n=standing.sources, newest=standing.newest
            ),
        )
        return Finding(verdict, reason, (leg,))


def _verdict(standing: LogStanding, check: IndicatorCheck) -> Verdict:
    if standing.missing_days:
        return Verdict.NOT_MET
    enough = check.operator.holds(Fraction(standing.days_kept or 0), check.value)
    return Verdict.MET if enough else Verdict.UNDETERMINED


def _reason(standing: LogStanding, verdict: Verdict) -> Text:
    of = Text(
        f"{standing.sources} 个来源，连续无缺 {standing.days_kept} 天",
        f"{standing.sources} sources, {standing.days_kept} days without a missing one",
    )
    if verdict is Verdict.MET:
        return Text(f"{of.zh}。", f"{of.en}.")
    on = standing.forecast
    if standing.missing_days:
        zh, en = f"缺 {standing.missing_days} 天", f"{standing.missing_days} days are missing"
    else:
        zh, en = "时间未到", "it has not been long enough"
    then = Text(f"，不再缺失则 {on} 满期", f"; complete on {on} if none is missed")
    return Text(f"{of.zh}，{zh}{then.zh if on else ''}。", f"{of.en}; {en}{then.en if on else ''}.")
