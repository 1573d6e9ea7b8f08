"""平台可访问率: how much of the lesson time the listed education platforms could be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
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
from config.platform_file import FILE, Platform
from config.policy import TargetValue
from probes.model import Better, Role, Unit
from probes.text import Text

PROBES = (("web_fetch", "http"), ("tcp_connect", "tcp"))
"""Whose `reachable` counts, and its layer: a page says more than a connection."""
METRIC = "reachable"
GATEWAYS = frozenset({Role.GATEWAY})
NO_LIST = Text(
    f"平台清单为空（{FILE}），不适用；由县里决定要看哪些平台。",
    f"The list of platforms is empty ({FILE}), so it does not apply; which "
    "platforms are looked at is the county's decision.",
)
NO_GATEWAY = Text(
    "该校没有接入网关，平台能否访问无从得知。",
    "No gateway of the school has an agent; whether platforms are reached is not known.",
)
_WORST_FIRST = (Verdict.NOT_MET, Verdict.UNDETERMINED, Verdict.MET)


class PlatformsReachable(ObservedIndicator):
    name: ClassVar[str] = "platform_reachable_ratio_in_lessons"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("上课时平台可访问率", "Platforms reachable in lessons")
    meaning: ClassVar[Text] = Text(
        "对清单中的每个平台，上课时间内网关访问成功的次数占应有次数的比例；最差的一个平台决定。",
        "For each listed platform, the share of the runs due in lessons in which the gateway got "
        "through; the worst platform decides.",
    )

    method: ClassVar[MetricRef] = MetricRef("tcp_connect", METRIC)

    def observe(self, school: School, scene: Scene) -> Figure:
        if not scene.platforms:
            return Figure(None, NO_LIST)
        if not scene.agents(school, GATEWAYS):
            return Figure(None, NO_GATEWAY)
        looks = [_look(school, platform, scene) for platform in scene.platforms]
        worst = min(looks, key=lambda look: (look.found.runs > 0, _share(look.found)))
        figure = figure_of(worst.found, *scene.lesson_readings.span(school))
        return replace(figure, reason=worst.named(figure.reason))

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        if not scene.platforms:
            return Finding(Verdict.NOT_APPLICABLE, NO_LIST)
        if not scene.agents(school, GATEWAYS):
            return Finding(Verdict.UNDETERMINED, NO_GATEWAY)
        judged = [
            (look, *judge_reached(look.found, target))
            for look in (_look(school, platform, scene) for platform in scene.platforms)
        ]
        look, verdict, reason = min(
            judged, key=lambda one: (_WORST_FIRST.index(one[1]), _share(one[0].found))
        )
        found, named = look.found, look.named(reason)
        span = scene.lesson_readings.span(school)
        evidence = evidence_of(found, look.layer, look.method, *span)
        leg = leg_of(LegName.PLATFORMS, verdict, named, target, found, evidence)
        return Finding(verdict, named, (leg,))


@dataclass(frozen=True, slots=True)
class _Look:
    """What is known of one platform, and from which probe."""

    platform: Platform
    found: Reached
    method: str
    layer: str

    def named(self, reason: Text) -> Text:
        title = self.platform.title
        return Text(f"{title.zh}：{reason.zh}", f"{title.en}: {reason.en}")


def _look(school: School, platform: Platform, scene: Scene) -> _Look:
    """Of the first probe that has readings of the platform."""
    gateways = {agent.id for agent in scene.agents(school, GATEWAYS)}
    look = _Look(platform, Reached(), "", "")
    for probe, layer in PROBES:
        if not _is_measured(scene, probe):
            continue
        metric = MetricRef(probe, METRIC)
        found = reached_by(gateways, metric, platform.target, school, scene)
        look = _Look(platform, found, str(metric), layer)
        if found.runs:
            break
    return look


def _is_measured(scene: Scene, probe: str) -> bool:
    known = scene.catalog[probe].measures if probe in scene.catalog else ()
    return METRIC in {metric.name for metric in known}


def _share(found: Reached) -> Fraction:
    return found.low if found.runs else Fraction(1)
