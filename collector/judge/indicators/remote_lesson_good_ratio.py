"""远程课优良率: of a school's scheduled remote lessons, the share whose network was good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Evidence, Figure, Finding, Leg, LegName, Verdict
from collector.judge.remote.lesson import JudgedLesson
from collector.judge.remote.lessons import NotJudged
from collector.judge.remote.minute import CRITERIA, Criterion, Grade
from collector.judge.remote.readings import LOSS
from collector.judge.scene import Scene
from collector.judge.share import judge_share
from collector.register.model import School
from collector.store import MetricRef
from config.policy import TargetValue
from probes.model import Better, Unit
from probes.text import Text


class RemoteLessonsGood(ObservedIndicator):
    name: ClassVar[str] = "remote_lesson_good_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("远程课网络优良率", "Remote lessons with a good network")
    meaning: ClassVar[Text] = Text(
        "远程课表中到时的课里，网络优良的节数占可判定节数的比例。逐分钟看丢包、时延、抖动、两个方向的"
        "余量和会议点；界限取自厂商的建议，不是政府规定。测的是网络，不是画面和声音。",
        "Of the scheduled remote lessons of which enough is known, the share whose network was "
        "good. Each minute is held against loss, round trip, jitter, what is free each way and the "
        "meeting point; the bounds are vendors' advice, no government's rule. It is about the "
        "network, not about picture and sound.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (LOSS,)

    method: ClassVar[MetricRef] = LOSS

    def observe(self, school: School, scene: Scene) -> Figure:
        found = scene.remote.of(school)
        if isinstance(found, NotJudged):
            return Figure(None, found.reason)
        grades = Counter(lesson.grade for lesson in found)
        judged = len(found) - grades[Grade.UNKNOWN]
        since, until = scene.remote.span(school)
        return Figure(
            value=grades[Grade.GOOD] / judged if judged else None,
            reason=_words(found),
            n=judged,
            coverage=judged / len(found),
            since=since,
            until=until,
        )

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        found = scene.remote.of(school)
        if isinstance(found, NotJudged):
            return Finding(found.verdict, found.reason)
        evidence = _evidence(found, *scene.remote.span(school))
        verdict, reason = _verdict(found, evidence, target)
        share = self.observe(school, scene).value
        leg = Leg(LegName.REMOTE, verdict, share, float(target.value), self.unit, reason, evidence)
        return Finding(verdict, reason, (leg,))


def _verdict(
    found: Sequence[JudgedLesson], evidence: Evidence, target: TargetValue
) -> tuple[Verdict, Text]:
    """Met if it holds whatever the undetermined lessons were, not met if it fails even so."""
    asked = target.delivery
    words = _words(found)
    if evidence.n < asked.minimum_readings or (evidence.days or 0) < asked.minimum_days:
        return Verdict.UNDETERMINED, Text(
            f"{words.zh}可判定的太少，至少需要 {asked.minimum_days} 天 "
            f"{asked.minimum_readings} 节。",
            f"{words.en} That is too few to judge by: at least {asked.minimum_readings} on "
            f"{asked.minimum_days} days are needed.",
        )
    grades = Counter(lesson.grade for lesson in found)
    verdict = judge_share(
        grades[Grade.GOOD],
        grades[Grade.POOR] + grades[Grade.BAD],
        grades[Grade.UNKNOWN],
        Fraction(target.value),
        target.operator,
    )
    return verdict, words


def _evidence(found: Sequence[JudgedLesson], since: datetime, until: datetime) -> Evidence:
    judged = [lesson.occasion for lesson in found if lesson.grade is not Grade.UNKNOWN]
    return Evidence(
        layer="lesson",
        method=str(LOSS),
        n=len(judged),
        days=len({occasion.day for occasion in judged}),
        since=since,
        until=until,
        coverage=len(judged) / len(found),
        newest=max((occasion.until for occasion in judged), default=None),
    )


def _words(found: Sequence[JudgedLesson]) -> Text:
    grades = Counter(lesson.grade for lesson in found)
    said = Text(
        f"排定 {len(found)} 节：优良 {grades[Grade.GOOD]}，欠佳 {grades[Grade.POOR]}，"
        f"差 {grades[Grade.BAD]}，无法判定 {grades[Grade.UNKNOWN]}。",
        f"{len(found)} were scheduled: {grades[Grade.GOOD]} good, {grades[Grade.POOR]} poor, "
        f"{grades[Grade.BAD]} bad, {grades[Grade.UNKNOWN]} undetermined.",
    )
    spoilt = [one for one in found if one.grade in (Grade.POOR, Grade.BAD)]
    failed = _ranked(sum((one.failed for one in spoilt), Counter[Criterion]()))
    unknown = _ranked(
        sum((one.unknown for one in found if one.grade is Grade.UNKNOWN), Counter[Criterion]())
    )
    zh, en = said.zh, said.en
    if failed:
        zh += f"不合格的分钟数：{failed.zh}。"
        en += f" Minutes that failed: {failed.en}."
    if unknown:
        zh += f"缺少数据的分钟数：{unknown.zh}。"
        en += f" Minutes without data: {unknown.en}."
    return Text(zh, en)


def _ranked(counts: Counter[Criterion]) -> Text | None:
    """`时延 30、丢包 12`, the most frequent first."""
    ranked = counts.most_common()
    if not ranked:
        return None
    return Text(
        "、".join(f"{CRITERIA[criterion].zh} {n}" for criterion, n in ranked),
        ", ".join(f"{CRITERIA[criterion].en} {n}" for criterion, n in ranked),
    )
