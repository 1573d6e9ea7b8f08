"""平台可访问率: how much of the lesson time the listed education platforms could be reached."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from collector.judge.indicator import TargetIndicator
from collector.judge.model import Evidence, Finding, LegName, Verdict
from collector.judge.reached import Reached, judge_reached, leg_of, reached
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from config.platform_file import FILE, Platform
from config.policy import TargetValue
from probes.model import Better, Role, Unit
from probes.text import Text

PROBES = (("web_fetch", "http"), ("tcp_connect", "tcp"))
"""Whose `reachable` counts, and its layer: a page says more than a connection."""
METRIC = "reachable"
NO_LIST = Text(
    f"平台清单为空（config/policies/{FILE}），不适用；由县里决定要看哪些平台。",
    f"The list of platforms is empty (config/policies/{FILE}), so it does not apply; which "
    "platforms are looked at is the county's decision.",
)
NO_GATEWAY = Text(
    "该校没有接入网关，平台能否访问无从得知。",
    "No gateway of the school has an agent; whether platforms are reached is not known.",
)
_WORST_FIRST = (Verdict.NOT_MET, Verdict.UNDETERMINED, Verdict.MET)


class PlatformsReachable(TargetIndicator):
    name: ClassVar[str] = "platform_reachable_ratio_in_lessons"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("上课时平台可访问率", "Platforms reachable in lessons")
    meaning: ClassVar[Text] = Text(
        "对清单中的每个平台，上课时间内网关访问成功的次数占应有次数的比例；最差的一个平台决定。",
        "For each listed platform, the share of the runs due in lessons in which the gateway got "
        "through; the worst platform decides.",
    )

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        if not scene.platforms:
            return Finding(Verdict.NOT_APPLICABLE, NO_LIST)
        if not scene.agents(school, frozenset({Role.GATEWAY})):
            return Finding(Verdict.UNDETERMINED, NO_GATEWAY)
        judged = [self._one(school, platform, target, scene) for platform in scene.platforms]
        verdict, reason, found, method, layer = min(
            judged, key=lambda one: (_WORST_FIRST.index(one[0]), _share(one[2]))
        )
        since, until = scene.lessons.span(school)
        evidence = Evidence(
            layer=layer,
            method=method,
            n=found.runs,
            days=found.days,
            since=since,
            until=until,
            coverage=found.runs / found.whole if found.expected else None,
            newest=found.newest,
        )
        leg = leg_of(LegName.PLATFORMS, verdict, reason, target, found, evidence)
        return Finding(verdict, reason, (leg,))

    def _one(
        self, school: School, platform: Platform, target: TargetValue, scene: Scene
    ) -> tuple[Verdict, Text, Reached, str, str]:
        """Of the first probe that has readings of the platform."""
        gateways = {agent.id for agent in scene.agents(school, frozenset({Role.GATEWAY}))}
        method, layer, found = "", "tcp", Reached()
        for probe, its_layer in PROBES:
            if not _is_measured(scene, probe):
                continue
            metric, where = MetricRef(probe, METRIC), {"target": (platform.target,)}
            summaries = scene.lessons.summaries(school, metric, "mean", ("agent",), where)
            own = [s for (agent,), s in summaries.items() if agent in gateways]
            method, layer = str(metric), its_layer
            if own:
                found = reached(own, scene.lessons.days(school, metric, where))
                break
        verdict, reason = judge_reached(found, target)
        named = Text(f"{platform.title.zh}：{reason.zh}", f"{platform.title.en}: {reason.en}")
        return verdict, named, found, method, layer


def _is_measured(scene: Scene, probe: str) -> bool:
    known = scene.catalog[probe].measures if probe in scene.catalog else ()
    return METRIC in {metric.name for metric in known}


def _share(found: Reached) -> Fraction:
    return found.low if found.runs else Fraction(1)
