"""网关在线率: the share of lesson time in which a school's gateways were on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar

from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.presence.gather import BEATS
from collector.judge.presence.model import DEVICE_TITLES, DeviceState
from collector.judge.scene import Scene
from collector.register.model import Agent, School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Role, Unit
from probes.text import Text

GATEWAYS = frozenset({Role.GATEWAY, Role.SENTINEL})
NO_GATEWAY = Text("该校没有接入网关。", "No gateway of the school has an agent.")
NO_LESSONS = Text("窗口内没有上课时间。", "There was no lesson in the window.")
NOTHING_KNOWN = Text(
    "上课时间内没有网关的消息，也没有它事后的说明。",
    "Nothing was heard of a gateway in lesson time, nor did one tell afterwards.",
)


class GatewayUptime(ObservedIndicator):
    name: ClassVar[str] = "gateway_uptime_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("网关在线率（上课时间）", "Gateway uptime in lessons")
    meaning: ClassVar[Text] = Text(
        "网关开机时间占上课时间的比例。代理程序中断而设备未停，算开机；学校整体失联且网关事后没有"
        "说明的时间不计入，由覆盖率说明。",
        "Share of lesson time in which the gateway was on. While only its agent was away it counts "
        "as on. Time in which nothing was heard of the school, and of which the gateway did not "
        "tell afterwards, is left out; coverage says how much that is.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (BEATS,)
    method: ClassVar[MetricRef] = BEATS

    def observe(self, school: School, scene: Scene) -> Figure:
        gateways = scene.agents(school, GATEWAYS)
        bounds = scene.bounds(school)
        if not gateways:
            return Figure(None, NO_GATEWAY)
        spent = _spent(school, gateways, scene)
        expected = sum(spent.values())
        known = expected - spent.get(DeviceState.UNKNOWN, 0.0)
        reason = _reason(spent, known) if known else NOTHING_KNOWN if expected else NO_LESSONS
        return Figure(
            value=spent.get(DeviceState.ON, 0.0) / known if known else None,
            reason=reason,
            n=len(gateways),
            coverage=known / expected if expected else None,
            since=bounds.since,
            until=bounds.until,
        )


def _spent(school: School, gateways: list[Agent], scene: Scene) -> Mapping[DeviceState, float]:
    """Seconds of lessons by what the gateways were."""
    spent: dict[DeviceState, float] = defaultdict(float)
    histories = scene.histories(school, gateways)
    for gateway in gateways:
        for lesson in scene.lessons(school):
            for part in histories[gateway.id].within(lesson):
                spent[part.state] += part.length.total_seconds()
    return spent


def _reason(spent: Mapping[DeviceState, float], known: float) -> Text:
    whole = show_both(known, Unit.SECONDS)
    parts = [
        (DEVICE_TITLES[state], show_both(spent[state], Unit.SECONDS))
        for state in DeviceState
        if spent.get(state) and state is not DeviceState.UNKNOWN
    ]
    zh = "，".join(f"{title.zh} {time.zh}" for title, time in parts)
    en = ", ".join(f"{title.en} {time.en}" for title, time in parts)
    return Text(f"已知的上课时间共 {whole.zh}：{zh}。", f"Of {whole.en} known lesson time: {en}.")
