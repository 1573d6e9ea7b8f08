"""每百名初中生拥有网络多媒体教室数."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.multimedia import RoomsPerHundred
from collector.register.model import Stage
from probes.text import Text


class RoomsPerHundredJuniorStudents(RoomsPerHundred):
    name: ClassVar[str] = "networked_multimedia_rooms_per_100_junior_students"
    title: ClassVar[Text] = Text(
        "每百名初中生网络多媒体教室数", "Networked multimedia rooms per 100 junior students"
    )
    meaning: ClassVar[Text] = Text(
        "登记的初中网络多媒体教室间数除以初中学生数，乘以一百；几个学段合办的学校分学段登记。",
        "Registered networked multimedia rooms of the junior stage divided by its students, times "
        "a hundred; a school of several stages registers them by stage.",
    )
    stage: ClassVar[Stage] = "junior"
