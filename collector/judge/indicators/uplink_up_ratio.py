"""出口连通率: the share of lesson time in which the school's gateway got through."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.indicator import TargetIndicator
from collector.judge.model import Evidence, Finding, LegName, Verdict
from collector.judge.reached import judge_reached, leg_of, reached
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.policy import TargetValue
from probes.model import Better, Role, Unit
from probes.text import Text

REACHABLE = MetricRef("tcp_connect", "reachable")
COLLECTOR = "collector"
NO_GATEWAY = Text(
    "该校没有接入网关，出口是否连通无从得知。",
    "No gateway of the school has an agent; whether its line is up is not known.",
)


class UplinkUp(TargetIndicator):
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

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        gateways = {agent.id for agent in scene.agents(school, frozenset({Role.GATEWAY}))}
        if not gateways:
            return Finding(Verdict.UNDETERMINED, NO_GATEWAY)
        where = {"target": (COLLECTOR,)}
        summaries = scene.lessons.summaries(school, REACHABLE, "mean", ("agent",), where)
        days = scene.lessons.days(school, REACHABLE, where)
        found = reached((s for (agent,), s in summaries.items() if agent in gateways), days)
        verdict, reason = judge_reached(found, target)
        since, until = scene.lessons.span(school)
        evidence = Evidence(
            layer="tcp",
            method=str(REACHABLE),
            n=found.runs,
            days=days,
            since=since,
            until=until,
            coverage=found.runs / found.whole if found.expected else None,
            newest=found.newest,
        )
        leg = leg_of(LegName.UPLINK, verdict, reason, target, found, evidence)
        return Finding(verdict, reason, (leg,))
