"""容量测量覆盖率: the share of lessons in which the line's capacity was read at least once."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from collector.judge.capacity import CAPACITY
from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Unit
from probes.text import Text

NO_LESSON = Text("窗口内还没有上过课。", "There was no lesson in the window yet.")


class CapacityCoverage(ObservedIndicator):
    name: ClassVar[str] = "capacity_coverage_ratio_in_lessons"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("容量测量覆盖的课时", "Lessons with a capacity reading")
    meaning: ClassVar[Text] = Text(
        "课内至少有一次有效下行容量读数（网关，或上联口计数确认的有线哨兵；IP 层）的课时占全部"
        "课时的比例。说的是测量做得够不够，不是学校好不好。",
        "Share of lessons in which a gateway, or a wired sentinel that the uplink's counters "
        "confirm, read the download capacity at the IP layer at least once, validly. It says how "
        "well we measure, not how well the school does.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (CAPACITY,)
    method: ClassVar[MetricRef] = CAPACITY

    def observe(self, school: School, scene: Scene) -> Figure:
        sample = scene.capacity(school, "down")
        if isinstance(sample, Text):
            return Figure(None, sample)
        if sample.coverage is None:
            return Figure(None, NO_LESSON, since=sample.since, until=sample.until)
        wanted = scene.lines.lesson_coverage
        read, asked = round(sample.coverage * sample.lessons), show_both(wanted, Unit.RATIO)
        enough = Fraction(read, sample.lessons) >= wanted
        zh, en = ("已达到", "it is reached") if enough else ("尚未达到", "it is not reached")
        more = sample.instead if not enough and sample.instead else Text("", "")
        return Figure(
            value=sample.coverage,
            reason=Text(
                f"{sample.lessons} 节课中 {read} 节有读数；本项目要求 {asked.zh}，{zh}。{more.zh}",
                f"Of {sample.lessons} lessons {read} have a reading; this project asks {asked.en} "
                f"of itself, and {en}. {more.en}".rstrip(),
            ),
            n=len(sample.valid),
            coverage=sample.coverage,
            since=sample.since,
            until=sample.until,
        )
