"""上课时八成时间每班可用的带宽: the 80/80 form, divided by all the classes behind the line."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from collector.judge.bandwidth import CLASSES_UNKNOWN, NO_CLASSES, classes_behind
from collector.judge.capacity import AVAILABLE
from collector.judge.indicator import ObservedIndicator
from collector.judge.indicators.available_bits_per_second_p20_in_lessons import Available
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Unit
from probes.text import Text


class AvailablePerClass(ObservedIndicator):
    name: ClassVar[str] = "available_bits_per_second_per_class_p20_in_lessons"
    unit: ClassVar[Unit] = Unit.BITS_PER_SECOND
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text(
        "上课时八成时间每班可用的下行带宽", "Available per class in 80 % of lesson time, down"
    )
    meaning: ClassVar[Text] = Text(
        "上课时八成读数都达到的可用下行带宽，除以线路上的全部班级。可用带宽已扣除正在使用的部分。",
        "What is available down in four fifths of the readings in lessons, divided by all classes "
        "behind the line. What is in use at the time is already taken off.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (AVAILABLE,)
    method: ClassVar[MetricRef] = AVAILABLE

    def concerns(self, school: School, scene: Scene) -> bool:
        return classes_behind(school) != 0

    def observe(self, school: School, scene: Scene) -> Figure:
        classes = classes_behind(school)
        if not classes:
            return Figure(None, CLASSES_UNKNOWN if classes is None else NO_CLASSES)
        whole = Available().observe(school, scene)
        if whole.value is None:
            return whole
        each = whole.value / classes
        shown = show_both(each, Unit.BITS_PER_SECOND)
        reason = Text(
            f"{whole.reason.zh}{classes} 个班，每班 {shown.zh}。",
            f"{whole.reason.en} With {classes} classes that is {shown.en} for each.",
        )
        return replace(whole, value=each, reason=reason)
