"""出口利用率: what nine tenths and a half of the lesson minutes stay below, as a share of the
contract."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import ClassVar, Self

from collector.judge.egress import INTERFACE, NO_RATE, NO_TRAFFIC, lines_out, rate_metrics
from collector.judge.indicator import TargetIndicator
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.reached import too_few
from collector.judge.scene import Scene
from collector.judge.uplink_port import METRICS, line_behind, of_port, port_of, where_of
from collector.lan.site import Uplink
from collector.register.model import Link, School
from collector.store import Key, MetricRef, Summary
from config.policy import TargetValue
from config.quantity import show_both
from probes.model import Better, Role, Unit
from probes.text import Text

NO_PROBE = Text(
    "当前版本没有统计出口流量的探测。", "This version has no probe that counts the line's traffic."
)


class EgressUtilisation(TargetIndicator):
    name: ClassVar[str] = "egress_utilisation_p95_in_lessons"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.LOWER
    title: ClassVar[Text] = Text(
        "上课时出口利用率（95 百分位）", "Use of the line in lessons (p95)"
    )
    meaning: ClassVar[Text] = Text(
        "上课时间内网关出口接口下行速率的 95 百分位，占合同下行带宽的比例；几条线路时取最满的一条。"
        "网关不能装代理程序的，取站点配置所指的交换机上联口。上行另列，不影响结论。",
        "The 95th percentile of the download rate at the gateway's way out during lessons, as a "
        "share of the contract; of several lines the fullest. Where the gateway cannot run an "
        "agent, the switch port that the site names stands for the line. Upstream is shown beside "
        "it and decides nothing.",
    )

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        counters = _Counters.of(school, scene)
        if isinstance(counters, Text):
            return Finding(Verdict.UNDETERMINED, counters)
        if not all(link.contract_down_bits_per_second for link in counters.lines.values()):
            return Finding(Verdict.UNDETERMINED, NO_RATE)
        down = _leg(target, counters, up=False)
        beside = replace(_leg(target, counters, up=True), name=LegName.LOAD_UP, decides=False)
        return Finding(down.verdict, down.reason, (down, beside))


@dataclass(frozen=True, slots=True)
class _Counters:
    """Where the traffic of a school's lines is counted, by interface: at its gateway, or else at
    the switch port that the site names."""

    school: School
    scene: Scene
    lines: Mapping[str, Link]
    port: Uplink | None
    metrics: tuple[MetricRef, MetricRef]

    @classmethod
    def of(cls, school: School, scene: Scene) -> Self | Text:
        """Or why there are none."""
        metrics = rate_metrics(scene.catalog)
        lines: dict[str, Link] | Text = NO_PROBE
        if metrics is not None:
            most = _of_gateways(school, scene, metrics[0], "max")
            lines = lines_out(school, {interface: s.value for interface, s in most.items()})
        if metrics is not None and not isinstance(lines, Text):
            return cls(school, scene, lines, None, metrics)
        port = port_of(school, scene)
        if port is None:
            return lines if isinstance(lines, Text) else NO_PROBE
        behind = line_behind(school, port)
        return behind if isinstance(behind, Text) else cls(school, scene, behind, port, METRICS)

    def summaries(self, metric: MetricRef, statistic: str) -> dict[str, Summary]:
        if self.port is None:
            return _of_gateways(self.school, self.scene, metric, statistic)
        return of_port(self.school, self.scene, self.port, metric, statistic)

    def days(self, metric: MetricRef, interfaces: Collection[str]) -> int:
        where = {INTERFACE: tuple(sorted(interfaces))}
        if self.port is not None:
            where = where_of(self.port)
        return self.scene.lesson_readings.days(self.school, metric, where)


def _leg(target: TargetValue, counters: _Counters, *, up: bool) -> Leg:
    metric = counters.metrics[int(up)]
    rates = _shares(counters.lines, up=up)
    p95 = counters.summaries(metric, "p95")
    used = {name: p95[name].value / rate for name, rate in rates.items() if name in p95}
    days = counters.days(metric, rates)
    since, until = counters.scene.lesson_readings.span(counters.school)
    leg = Leg(
        name=LegName.LOAD,
        verdict=Verdict.UNDETERMINED,
        value=None,
        required=float(target.value),
        unit=Unit.RATIO,
        reason=NO_TRAFFIC if rates else NO_RATE,
        evidence=Evidence("counter", str(metric), since=since, until=until, days=days),
    )
    if not used:
        return leg
    fullest = max(used, key=lambda name: used[name])
    summary = p95[fullest]
    evidence = _evidence(leg.evidence, summary.n, summary.coverage, summary.last)
    verdict, reason = _verdict(target, used[fullest], summary, days)
    return replace(leg, verdict=verdict, value=used[fullest], reason=reason, evidence=evidence)


def _of_gateways(
    school: School, scene: Scene, metric: MetricRef, statistic: str
) -> dict[str, Summary]:
    """By interface. Two gateways with equal names of interfaces cannot be told apart, and the
    busier one stands for both."""
    gateways = {agent.id for agent in scene.agents(school, frozenset({Role.GATEWAY}))}
    by = ("agent", INTERFACE)
    labels = scene.catalog[metric.probe].labels
    if INTERFACE not in labels:
        by = ("agent", "target")
    summaries = scene.lesson_readings.summaries(school, metric, statistic, by, {})
    found: dict[str, Summary] = {}
    for (agent, interface), summary in _sorted(summaries):
        if agent in gateways:
            found[interface] = summary
    return found


def _sorted(summaries: dict[Key, Summary]) -> list[tuple[Key, Summary]]:
    return sorted(summaries.items(), key=lambda item: item[1].value)


def _shares(lines: Mapping[str, Link], *, up: bool) -> dict[str, int]:
    """Interface -> contracted bits a second, where there is a contract."""
    rates = {
        name: link.contract_up_bits_per_second if up else link.contract_down_bits_per_second
        for name, link in lines.items()
    }
    return {name: rate for name, rate in rates.items() if rate}


def _evidence(evidence: Evidence, n: int, coverage: float | None, newest: datetime) -> Evidence:
    return replace(evidence, n=n, coverage=coverage, newest=newest)


def _verdict(target: TargetValue, used: float, summary: Summary, days: int) -> tuple[Verdict, Text]:
    asked = target.delivery
    if summary.n < asked.minimum_readings or days < asked.minimum_days:
        return Verdict.UNDETERMINED, too_few(target, summary.n, days)
    if Fraction(summary.coverage or 0) < asked.minimum_coverage:
        has, wanted = (
            show_both(summary.coverage, Unit.RATIO), show_both(asked.minimum_coverage, Unit.RATIO)
        )  # fmt: skip
        return Verdict.UNDETERMINED, Text(
            f"上课时的读数只覆盖 {has.zh}，至少需要 {wanted.zh}。",
            f"Readings cover {has.en} of the lesson time; at least {wanted.en} is needed.",
        )
    shown = show_both(used, Unit.RATIO)
    bound = show_both(target.value, Unit.RATIO)
    reason = Text(
        f"上课时 95% 的时间内占用不超过合同带宽的 {shown.zh}，要求不高于 {bound.zh}。",
        f"For 95% of the lesson time no more than {shown.en} of the contract is in use; at most "
        f"{bound.en} is asked.",
    )
    holds = target.operator.holds(Fraction(used), target.value)
    return (Verdict.MET if holds else Verdict.NOT_MET), reason
