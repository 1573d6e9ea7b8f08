"""师机比: teachers to a computer that is for teachers."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.computers import PeoplePerComputer
from collector.register.model import School
from config.counting import ComputerRule, Counting
from probes.text import Text


class TeachersPerComputer(PeoplePerComputer):
    name: ClassVar[str] = "teachers_per_computer"
    title: ClassVar[Text] = Text("师机比", "Teachers per computer")
    meaning: ClassVar[Text] = Text(
        "专任教师数除以教师用终端数，越低越好；教室里的班班通不算。清点到的只是最少有多少，能证明达标，"
        "不能证明不达标；登记数另列。怎么数见 counting.toml。",
        "Full-time teachers divided by computers for teachers; fewer is better, and classroom sets "
        "do not count. What was seen is the least that there is: it can prove met, never not met. "
        "What is declared stands beside it. counting.toml says what counts.",
    )
    declared: ClassVar[str] = "teacher_terminals"
    not_registered: ClassVar[Text] = Text(
        "没有登记专任教师数。", "The number of teachers is not registered."
    )

    def people(self, school: School) -> int | None:
        return school.teachers

    def rule(self, counting: Counting) -> ComputerRule:
        return counting.teacher
