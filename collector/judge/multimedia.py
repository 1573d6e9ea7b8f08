"""每百名学生拥有网络多媒体教室数, one stage at a time: a school of several stages is divided."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import ClassVar

from collector.judge.declared import since
from collector.judge.indicator import TargetIndicator
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.register.model import School, Stage
from config.policy import TargetValue
from probes.model import Better, Unit
from probes.text import Text

ROOMS = "networked_multimedia_rooms"
NO_STUDENTS = Text("没有登记学生数。", "The number of students is not registered.")
NOT_TAUGHT = Text("没有这个学段，不适用。", "The school has no such stage; it does not apply.")
NO_ROOMS = Text(
    "没有登记这个学段的网络多媒体教室数。",
    "The number of networked multimedia rooms of this stage is not registered.",
)


class RoomsPerHundred(TargetIndicator):
    unit: ClassVar[Unit] = Unit.COUNT
    better: ClassVar[Better] = Better.HIGHER
    stage: ClassVar[Stage]

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        students = school.students_of(self.stage)
        if students is None:
            return Finding(Verdict.UNDETERMINED, NO_STUDENTS)
        if not students:
            return Finding(Verdict.NOT_APPLICABLE, NOT_TAUGHT)
        rooms = self._rooms(school)
        if rooms is None:
            return Finding(Verdict.UNDETERMINED, NO_ROOMS)
        value = Fraction(100 * rooms, students)
        verdict = Verdict.MET if target.operator.holds(value, target.value) else Verdict.NOT_MET
        wanted = ceil(target.value * students / 100)
        short = Text(f"，还差 {wanted - rooms} 间", f", {wanted - rooms} are missing")
        more = short if verdict is Verdict.NOT_MET else Text("", "")
        reason = Text(
            f"登记 {students} 名学生、{rooms} 间{since(school).zh}，要 {wanted} 间{more.zh}。",
            f"Declared: {students} students and {rooms} rooms{since(school).en}; "
            f"{wanted} are asked{more.en}.",
        )
        evidence = Evidence("declared", "register", n=rooms)
        required = float(target.value)
        leg = Leg(LegName.DECLARED, verdict, float(value), required, self.unit, reason, evidence)
        return Finding(verdict, reason, (leg,))

    def _rooms(self, school: School) -> int | None:
        """Those of the stage; all rooms where it is the only one."""
        only = [stage for stage, number in school.students.items() if number] == [self.stage]
        of_stage = school.counts.get(f"{ROOMS}.{self.stage}")
        return school.counts.get(ROOMS) if of_stage is None and only else of_stage
