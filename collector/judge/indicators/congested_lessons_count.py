"""拥塞课时: lessons in which what was used came to the capacity of the line."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.capacity import AVAILABLE, CAPACITY, USED
from collector.judge.indicator import ObservedIndicator
from collector.judge.lesson_capacity import FULL, STEP
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Unit
from probes.text import Text

NOTHING_KNOWN = Text(
    "没有一节课既知道用了多少，又知道线路容量。",
    "Of no lesson both the use and the capacity of the line are known.",
)
_FULL, _STEP = show_both(FULL, Unit.RATIO), show_both(STEP.total_seconds(), Unit.SECONDS)


class CongestedLessons(ObservedIndicator):
    name: ClassVar[str] = "congested_lessons_count"
    unit: ClassVar[Unit] = Unit.COUNT
    better: ClassVar[Better] = Better.LOWER
    title: ClassVar[Text] = Text("拥塞课时", "Congested lessons")
    meaning: ClassVar[Text] = Text(
        f"线路被用满的课时数：课内有一段 {_STEP.zh}，已用带宽的 95 百分位达到容量的 {_FULL.zh}"
        "（上行或下行），或被动测量看到线路已满。不知道容量或用量的课时不算。",
        f"Lessons in which the line was full: in a stretch of {_STEP.en} the 95th percentile of "
        f"what was used came to {_FULL.en} of the capacity, up or down, or a passive look saw it "
        "full. Lessons of which use or capacity is not known are left out.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (CAPACITY, USED, AVAILABLE)
    method: ClassVar[MetricRef] = USED

    def observe(self, school: School, scene: Scene) -> Figure:
        found = scene.crowd(school)
        span = scene.bounds(school)
        coverage = found.known / found.lessons if found.lessons else None
        if not found.known:
            return Figure(None, NOTHING_KNOWN, 0, coverage, span.since, span.until)
        share = show_both(found.full / found.known, Unit.RATIO)
        return Figure(
            value=float(found.full),
            reason=Text(
                f"{found.lessons} 节课中 {found.known} 节有数据，其中 {found.full} 节线路被用满"
                f"（{share.zh}）。",
                f"Of {found.lessons} lessons {found.known} are known; in {found.full} of them the "
                f"line was full ({share.en}).",
            ),
            n=found.known,
            coverage=coverage,
            since=span.since,
            until=span.until,
        )
