"""班班通就绪率: the share of a school's sets that lately proved that they start and report.

A set that did not is not broken for that: nobody may have switched it on. It is not known.
"""

from __future__ import annotations

from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.indicators.bbt_use_ratio import NO_SET, SETS
from collector.judge.model import Figure
from collector.judge.presence.gather import BEATS
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text

LATELY = 5
"""School days: a week of lessons, in which every room's timetable has come round once."""


class BbtReady(ObservedIndicator):
    name: ClassVar[str] = "bbt_ready_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("班班通就绪率", "Classroom sets ready")
    meaning: ClassVar[Text] = Text(
        f"最近 {LATELY} 个上课日内开过机并发来心跳的教室电脑占全部接入的比例。"
        "没有发来的是未知，不是损坏。",
        f"Share of enrolled classroom PCs that were on and sent a beat within {LATELY} school "
        "days. One that did not is unknown, not broken.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (BEATS,)
    method: ClassVar[MetricRef] = BEATS

    def observe(self, school: School, scene: Scene) -> Figure:
        agents = scene.agents(school, SETS)
        if not agents:
            return Figure(None, NO_SET)
        beats = scene.newest(BEATS, school)
        ready = sum(
            1 for a in agents if a.id in beats and scene.is_fresh(school, beats[a.id].at, LATELY)
        )
        silent = len(agents) - ready
        more = Text(f"；{silent} 台未知", f"; {silent} are unknown") if silent else Text("", "")
        return Figure(
            value=ready / len(agents) if ready else None,
            reason=Text(
                f"{len(agents)} 台中 {ready} 台最近 {LATELY} 个上课日内开过机{more.zh}。",
                f"Of {len(agents)}, {ready} were on within {LATELY} school days{more.en}.",
            ),
            n=len(agents),
            coverage=ready / len(agents),
            lower_bound=True,
        )
