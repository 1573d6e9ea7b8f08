"""上课时八成时间可用的带宽: the 80/80 form, four fifths of the lesson readings reach it."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.capacity import AVAILABLE, COUNTED, DIRECTION, LINE
from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Unit
from probes.text import Text

NOT_READ = Text(
    "上课时还没有可用带宽的读数：要先知道线路容量。",
    "There is no reading of what is available in lessons: the capacity must be known first.",
)
_WHERE = {**COUNTED, "target": (LINE,), DIRECTION: ("down",)}


class Available(ObservedIndicator):
    name: ClassVar[str] = "available_bits_per_second_p20_in_lessons"
    unit: ClassVar[Unit] = Unit.BITS_PER_SECOND
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text(
        "上课时八成时间可用的下行带宽", "Available in 80 % of lesson time, down"
    )
    meaning: ClassVar[Text] = Text(
        "上课时间内可用下行带宽（容量减去已用）的 20 百分位：八成读数不低于它。",
        "The 20th percentile, over lesson time, of what is available (capacity less what is "
        "used): four fifths of the readings reach it.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (AVAILABLE,)
    method: ClassVar[MetricRef] = AVAILABLE

    def observe(self, school: School, scene: Scene) -> Figure:
        """Of several gateways the one that read most often stands for the line."""
        since, until = scene.lesson_readings.span(school)
        of_agents = scene.lesson_readings.summaries(school, AVAILABLE, "p20", ("agent",), _WHERE)
        if not of_agents:
            return Figure(None, NOT_READ, since=since, until=until)
        found = max(of_agents.values(), key=lambda summary: summary.n)
        shown = show_both(found.value, Unit.BITS_PER_SECOND)
        return Figure(
            value=found.value,
            reason=Text(
                f"上课时 {found.n} 次读数中，八成的可用下行带宽不低于 {shown.zh}。",
                f"In four fifths of {found.n} readings in lessons at least {shown.en} was "
                "available, down.",
            ),
            n=found.n,
            coverage=found.coverage,
            since=since,
            until=until,
        )
