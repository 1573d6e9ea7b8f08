"""日志留存天数: for how many days without a break a school's network logs are there, sealed."""

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
    "没有登记该校的日志来源：banjun-collector logs sources add。",
    "No source of logs is registered for the school: banjun-collector logs sources add.",
)
METHOD = "logs"


class LogDaysKept(DutyEvidence):
    name: ClassVar[str] = "log_days_kept_count"
    unit: ClassVar[Unit] = Unit.COUNT
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("日志连续留存天数", "Days of logs kept without a break")
    meaning: ClassVar[Text] = Text(
        "到昨天为止，该校每个登记来源的日志都在、没有缺一天的天数，取最短的来源。天数还不够而没有缺口的，"
        "是“未核查”并说明何时够；有缺口的是不符合。",
        "Days up to yesterday of which the logs of every registered source of the school are "
        "there, none missing, by the shortest source. Where it is not long enough yet and nothing "
        "is missing that is undetermined, with the day on which it will be; a gap is not met.",
    )

    def judge(self, school: School, check: IndicatorCheck, scene: Scene) -> Finding:
        standing = scene.logs.get(school.code)
        if standing is None or standing.days_kept is None:
            return Finding(Verdict.UNDETERMINED, NO_SOURCE)
        verdict, reason = _verdict(standing, standing.days_kept, check), _words(standing)
        leg = Leg(
            name=LegName.LOGS,
            verdict=verdict,
            value=float(standing.days_kept),
            required=float(check.value),
            unit=self.unit,
            reason=reason,
            evidence=Evidence(
                layer="log",
                method=METHOD,
                n=standing.sources,
                days=standing.days_kept,
                newest=standing.newest,
            ),
        )
        return Finding(verdict, reason, (leg,))


def _verdict(standing: LogStanding, days: int, check: IndicatorCheck) -> Verdict:
    if check.operator.holds(Fraction(days), check.value):
        return Verdict.MET
    return Verdict.NOT_MET if standing.missing_days else Verdict.UNDETERMINED


def _words(standing: LogStanding) -> Text:
    zh = f"{standing.sources} 个来源，连续留存 {standing.days_kept} 天"
    en = f"{standing.sources} sources, {standing.days_kept} days without a break"
    if standing.missing_days:
        zh += f"，所要求的天数里缺 {standing.missing_days} 天"
        en += f", {standing.missing_days} missing of those that are required"
    if standing.forecast:
        zh += f"；不再缺失则 {standing.forecast} 够"
        en += f"; enough on {standing.forecast} if nothing more is missed"
    return Text(f"{zh}。", f"{en}.")
