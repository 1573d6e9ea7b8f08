"""Which interface of a school's gateway is the way out, so that its traffic may be compared with
the contract.

Nothing is guessed: where it is not certain, the answer is the reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.register.model import Link, School
from collector.store import MetricRef
from probes.catalog import Catalog
from probes.text import Text

PROBES = ("wan_rate", "interface_rate")
"""Probes that count what passes the gateway; the first that the catalog has is used."""
RECEIVED, SENT = "received_bits_per_second", "sent_bits_per_second"
INTERFACE = "interface"

NO_LINE = Text("登记册没有主用出口线路。", "The register has no primary line out of the school.")
SEVERAL_LINES = Text(
    "学校有几条主用线路，不知道哪个接口是哪条线路；请在登记册中以接口名为线路命名。",
    "The school has several primary lines, and which interface is which is not known; name the "
    "lines after the interfaces in the register.",
)
SEVERAL_INTERFACES = Text(
    "网关有几个接口在传输，不知道哪个通向校外；请在登记册中以该接口的名称为线路命名。",
    "Several interfaces of the gateway carry traffic, and which leads out is not known; name the "
    "line after it in the register.",
)
NO_TRAFFIC = Text("网关没有流量读数。", "There are no traffic readings of a gateway.")
NO_RATE = Text("登记册没有合同下行带宽。", "The register has no contracted download rate.")


def rate_metrics(catalog: Catalog) -> tuple[MetricRef, MetricRef] | None:
    """Received and sent, of the probe that knows the way out best; None if there is none."""
    for probe in PROBES:
        names = {metric.name for metric in catalog[probe].measures} if probe in catalog else set()
        if {RECEIVED, SENT} <= names:
            return MetricRef(probe, RECEIVED), MetricRef(probe, SENT)
    return None


def lines_out(school: School, carried: Mapping[str, float]) -> dict[str, Link] | Text:
    """Interface -> the primary line behind it, or why that is not known.

    `carried`: interface -> the largest rate it was seen to carry.
    """
    lines = [link for link in school.links if link.role == "primary"]
    if not lines:
        return NO_LINE
    named = {link.name: link for link in lines if link.name in carried}
    if len(named) == len(lines):
        return named
    if len(lines) > 1:
        return SEVERAL_LINES
    busy = [interface for interface, rate in carried.items() if rate > 0]
    if len(busy) > 1:
        return SEVERAL_INTERFACES
    return {busy[0]: lines[0]} if busy else NO_TRAFFIC
