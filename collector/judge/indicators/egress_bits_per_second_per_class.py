"""班均出口带宽: the primary lines of a school, divided by all the classes behind them."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.bandwidth import CLASSES_UNKNOWN, NO_CLASSES, Demand, classes_behind, find
from collector.judge.indicator import TargetIndicator
from collector.judge.model import Finding, Verdict
from collector.judge.scene import Scene
from collector.register.model import School
from config.policy import TargetValue
from probes.model import Better, Unit
from probes.text import Text


class EgressPerClass(TargetIndicator):
    name: ClassVar[str] = "egress_bits_per_second_per_class"
    unit: ClassVar[Unit] = Unit.BITS_PER_SECOND
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("班均出口带宽", "Egress bandwidth per class")
    meaning: ClassVar[Text] = Text(
        "主用出口线路带宽之和除以线路上的全部班级（含复式班、附设班和共用线路的外校班级）。"
        "没有班级的学校不适用。",
        "Sum of the primary lines divided by all classes behind them, multi-grade and attached "
        "ones and those of schools that share the line among them. Not applicable to a school "
        "without classes.",
    )

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        classes = classes_behind(school)
        if classes is None:
            return Finding(Verdict.UNDETERMINED, CLASSES_UNKNOWN)
        if classes == 0:
            return Finding(Verdict.NOT_APPLICABLE, NO_CLASSES, classes=0)
        demand = Demand(target.value, target.operator, classes, target.delivery)
        down, up = scene.capacity(school, "down"), scene.capacity(school, "up")
        return find(school, demand, down, up, classes, scene.lines)
