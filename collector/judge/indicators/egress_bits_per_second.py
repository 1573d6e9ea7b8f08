"""学校出口带宽: the primary lines of a school together, however many classes share them."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.bandwidth import Demand, find
from collector.judge.indicator import TargetIndicator
from collector.judge.model import Finding
from collector.judge.scene import Scene
from collector.register.model import School
from config.policy import TargetValue
from probes.model import Better, Unit
from probes.text import Text


class Egress(TargetIndicator):
    name: ClassVar[str] = "egress_bits_per_second"
    unit: ClassVar[Unit] = Unit.BITS_PER_SECOND
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("学校出口带宽", "Egress bandwidth of the school")
    meaning: ClassVar[Text] = Text(
        "主用出口线路带宽之和；备用线路和专网不计入。",
        "Sum of the primary lines; backup lines and private networks do not count.",
    )

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        demand = Demand(target.value, target.operator, 1, target.delivery)
        down, up = scene.capacity(school, "down"), scene.capacity(school, "up")
        return find(school, demand, down, up, None, scene.lines)
