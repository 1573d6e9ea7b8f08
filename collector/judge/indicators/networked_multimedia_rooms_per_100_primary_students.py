"""每百名小学生拥有网络多媒体教室数."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.multimedia import RoomsPerHundred
from collector.register.model import Stage
from probes.text import Text


class RoomsPerHundredPrimaryStudents(RoomsPerHundred):
    name: ClassVar[str] = "networked_multimedia_rooms_per_100_primary_students"
    title: ClassVar[Text] = Text(
        "每百名小学生网络多媒体教室数", "Networked multimedia rooms per 100 primary students"
    )
    meaning: ClassVar[Text] = Text(
        "登记的小学网络多媒体教室间数除以小学学生数，乘以一百；几个学段合办的学校分学段登记。",
        "Registered networked multimedia rooms of the primary stage divided by its students, times "
        "a hundred; a school of several stages registers them by stage.",
    )
    stage: ClassVar[Stage] = "primary"
