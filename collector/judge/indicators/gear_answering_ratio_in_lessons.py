"""网络设备在线率: how steadily switches, access points and servers answered, by class."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from collector.judge.gear import CLASSES, NOT_ASKED, POLLED, Answered, answered
from collector.judge.gear_figure import worst_of
from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text


class GearAnswering(ObservedIndicator):
    name: ClassVar[str] = "gear_answering_ratio_in_lessons"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("网络设备在线率（上课时间）", "Gear answering in lessons")
    meaning: ClassVar[Text] = Text(
        "上课时间内对交换机、接入点和服务器的扫描或轮询中有应答的比例，按设备类别平均，取最低的一类。"
        "全校都没有应答的轮次不计入。哪些类别应一直开着见 counting.toml。",
        "Share of sweeps or polls in lessons that switches, access points and servers answered, "
        "averaged by class; the lowest class counts. Rounds in which nobody answered are left out. "
        "counting.toml says which classes are to be on all the time.",
    )
    method: ClassVar[MetricRef] = POLLED

    def concerns(self, school: School, scene: Scene) -> bool:
        return any(d.kind in scene.counting.gear for d in scene.placed(school).devices)

    def observe(self, school: School, scene: Scene) -> Figure:
        gear = [d for d in scene.placed(school).devices if d.kind in scene.counting.gear]
        found = answered(school, gear, scene)
        classes: dict[Text, list[Answered]] = defaultdict(list)
        for device in gear:
            if device.id in found:
                classes[CLASSES[device.kind]].append(found[device.id])
        return worst_of(list(classes.items()), len(gear), school, scene, NOT_ASKED)
