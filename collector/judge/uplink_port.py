"""The counters of a switch port that stand for a school's line, where no gateway runs an agent.

A site names the port. It is seen from the school's side: what the port receives is download.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from collector.judge.egress import INTERFACE, NO_LINE, RECEIVED, SENT
from collector.lan.site import Uplink
from collector.register.model import Link, School
from collector.store import MetricRef, Summary
from probes.text import Text

if TYPE_CHECKING:
    from collector.judge.scene import Scene

PROBE = "snmp_interfaces"
METRICS = MetricRef(PROBE, RECEIVED), MetricRef(PROBE, SENT)
"""Received and sent."""
SPEED = MetricRef(PROBE, "link_speed_bits_per_second")
TARGET = "target"


def port_of(school: School, scene: Scene) -> Uplink | None:
    """None where the site names none, or this version polls no switches."""
    known = {m.name for m in scene.catalog[PROBE].measures} if PROBE in scene.catalog else set()
    asked = {metric.metric for metric in (*METRICS, SPEED)}
    return scene.premises.uplinks.get(school.code) if asked <= known else None


def line_behind(school: School, port: Uplink) -> dict[str, Link] | Text:
    """The interface -> the primary line that it stands for, or why that is not known."""
    lines = [link for link in school.links if link.role == "primary"]
    named = [link for link in lines if link.name == port.link] if port.link else lines
    if not lines:
        return NO_LINE
    if len(named) == 1:
        return {port.interface: named[0]}
    return Text(
        f"站点配置的上联口没有对上登记册中唯一的主用线路“{port.link or '—'}”；请写明 link。",
        f"The site's uplink stands for no single primary line of the register "
        f"({port.link or 'no link named'}); name it with `link`.",
    )


def where_of(port: Uplink) -> dict[str, tuple[str, ...]]:
    return {TARGET: (port.device,), INTERFACE: (port.interface,)}


def of_port(
    school: School, scene: Scene, port: Uplink, metric: MetricRef, statistic: str
) -> dict[str, Summary]:
    """By interface; empty without a reading.

    One run looks at many switches, so the store cannot say how many readings of this port were due:
    they are the runs that were due of the agent that polls.
    """
    ports = scene.premises.uplinks.values()
    where = {
        TARGET: tuple(sorted({each.device for each in ports})),
        INTERFACE: tuple(sorted({each.interface for each in ports})),
    }
    readings = scene.lesson_readings
    found = readings.summaries(school, metric, statistic, (TARGET, INTERFACE), where)
    summary = found.get((port.device, port.interface))
    if summary is None:
        return {}
    polled = readings.summaries(school, metric, "count", ("agent",), {})
    due = max((one.expected for one in polled.values() if one.expected), default=None)
    return {port.interface: replace(summary, runs=summary.n, expected=due)}
