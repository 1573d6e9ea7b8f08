"""出口连通率: the share of lesson time in which the school's gateway got through."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure, Finding, LegName, Verdict
from collector.judge.reached import (
    Reached,
    evidence_of,
    figure_of,
    judge_reached,
    leg_of,
    reached_by,
)
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.policy import TargetValue
from probes.model import Better, Role, Unit
from probes.text import Text

REACHABLE = MetricRef("tcp_connect", "reachable")
COLLECTOR = "collector"
GATEWAYS = frozenset({Role.GATEWAY})
NO_GATEWAY = Text(
    "该校没有接入网关，出口是否连通无从得知。",
    "No gateway of the school has an agent; whether its line is up is not known.",
)


class UplinkUp(ObservedIndicator):
    name: ClassVar[str] = "uplink_up_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("上课时出口连通率", "Uplink up in lessons")
    meaning: ClassVar[Text] = Text(
        "上课时间内网关连通采集器的次数占应有次数的比例。断线时的读数在恢复后补到，照样计入。"
        "采集器自身停机也会使各校同时下降。",
        "Of the runs due in lessons, the share in which the gateway got through to the collector. "
        "Readings of an outage arrive after it and count. A collector that was off itself lowers "
        "it for all schools alike.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (REACHABLE,)

    method: ClassVar[MetricRef] = REACHABLE

    def observe(self, school: School, scene: Scene) -> Figure:
        if not scene.agents(school, GATEWAYS):
            return Figure(None, NO_GATEWAY)
        return figure_of(_reached(school, scene), *scene.lesson_readings.span(school))

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        if not scene.agents(school, GATEWAYS):
            return Finding(Verdict.UNDETERMINED, NO_GATEWAY)
        found = _reached(school, scene)
        verdict, reason = judge_reached(found, target)
        span = scene.lesson_readings.span(school)
        evidence = evidence_of(found, "tcp", str(REACHABLE), *span)
        leg = leg_of(LegName.UPLINK, verdict, reason, target, found, evidence)
        return Finding(verdict, reason, (leg,))


def _reached(school: School, scene: Scene) -> Reached:
    gateways = {agent.id for agent in scene.agents(school, GATEWAYS)}
    return reached_by(gateways, REACHABLE, COLLECTOR, school, scene)
