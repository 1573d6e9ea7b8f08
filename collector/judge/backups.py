"""How old a school's backups are, as its backup jobs report. The worst job decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import ClassVar

from collector.judge.indicator import DutyEvidence
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.duty import IndicatorCheck
from config.quantity import show_both
from probes.model import Better, Role, Unit
from probes.text import Text

AGE = MetricRef("posture_backup", "backup_age_seconds")
FRESH_SCHOOL_DAYS = 3
"""Of an older report it is not known whether a backup was made since."""
_MACHINES = frozenset({Role.GATEWAY, Role.PC})
NONE_REPORTED = Text(
    "没有备份作业登记过，无从得知。", "No backup job has reported; nothing is known."
)


@dataclass(frozen=True, slots=True)
class _Job:
    """`seconds`: how old its newest backup is now, if no later one was made unseen."""

    seconds: float
    at: datetime
    fresh: bool


class BackupAge(DutyEvidence):
    """`place`: where the copy is kept, `local` or `offsite`."""

    place: ClassVar[str]
    unit: ClassVar[Unit] = Unit.SECONDS
    better: ClassVar[Better] = Better.LOWER
    needs: ClassVar[tuple[MetricRef, ...]] = (AGE,)

    def judge(self, school: School, check: IndicatorCheck, scene: Scene) -> Finding:
        jobs = list(self._jobs(school, scene))
        if not jobs:
            return Finding(Verdict.UNDETERMINED, NONE_REPORTED)
        verdict = _verdict(jobs, check)
        reason = _reason(jobs)
        oldest = max((job.seconds for job in jobs if job.fresh), default=None)
        leg = Leg(
            name=LegName.DEVICES,
            verdict=verdict,
            value=oldest,
            required=float(check.value),
            unit=self.unit,
            reason=reason,
            evidence=Evidence(
                layer="device",
                method=str(AGE),
                n=sum(job.fresh for job in jobs),
                newest=max(job.at for job in jobs),
            ),
        )
        return Finding(verdict, reason, (leg,))

    def _jobs(self, school: School, scene: Scene) -> Iterator[_Job]:
        answers = scene.answers(AGE, school, {"place": self.place})
        for agent in scene.agents(school, _MACHINES):
            for answer in answers.get(agent.id, ()):
                since = (scene.now - answer.at).total_seconds()
                fresh = scene.is_fresh(school, answer.at, FRESH_SCHOOL_DAYS)
                yield _Job(answer.value + since, answer.at, fresh)


def _verdict(jobs: list[_Job], check: IndicatorCheck) -> Verdict:
    late = [job for job in jobs if not check.operator.holds(Fraction(job.seconds), check.value)]
    if any(job.fresh for job in late):
        return Verdict.NOT_MET
    return Verdict.MET if all(job.fresh for job in jobs) else Verdict.UNDETERMINED


def _reason(jobs: list[_Job]) -> Text:
    stale = sum(not job.fresh for job in jobs)
    fresh = [job.seconds for job in jobs if job.fresh]
    zh, en = f"{len(jobs)} 个备份作业", f"Of {len(jobs)} backup jobs"
    if fresh:
        age = show_both(max(fresh), Unit.SECONDS)
        zh, en = f"{zh}，最旧的一份是 {age.zh}前的", f"{en} the oldest copy is {age.en} old"
    if stale:
        zh, en = f"{zh}，{stale} 个很久没有登记", f"{en}, {stale} have not reported for long"
    return Text(f"{zh}。", f"{en}.")
