"""生机比: students to a computer that is for students."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.computers import PeoplePerComputer
from collector.register.model import School
from collector.register.school_facts import STAGES
from config.counting import ComputerRule, Counting
from probes.text import Text


class StudentsPerComputer(PeoplePerComputer):
    name: ClassVar[str] = "students_per_computer"
    title: ClassVar[Text] = Text("生机比", "Students per computer")
    meaning: ClassVar[Text] = Text(
        "学生数除以学生用终端数，越低越好，“不低于 6:1”即每台不超过六人。清点到的只是最少有多少，"
        "能证明达标，不能证明不达标；登记数另列。怎么数见 counting.toml。",
        "Students divided by computers for students; fewer is better, and 不低于 6:1 means at most "
        "six. What was seen is the least that there is: it can prove met, never not met. What is "
        "declared stands beside it. counting.toml says what counts.",
    )
    declared: ClassVar[str] = "student_terminals"
    not_registered: ClassVar[Text] = Text(
        "没有登记学生数。", "The number of students is not registered."
    )

    def people(self, school: School) -> int | None:
        """Kindergartens are left out."""
        known = [school.students_of(stage) for stage in STAGES if stage != "kindergarten"]
        return None if None in known else sum(n or 0 for n in known)

    def rule(self, counting: Counting) -> ComputerRule:
        return counting.student
