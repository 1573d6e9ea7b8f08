"""How much this machine's network interfaces carry, from the operating system's counters.

It reads counters and sends nothing: a rate here is what was used, never what the line could carry.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from probes import interfaces
from probes.interfaces import (
    LINK_SPEED_BITS_PER_SECOND,
    LINK_UP,
    RECEIVED_BITS_PER_SECOND,
    SENT_BITS_PER_SECOND,
    Counters,
    Link,
    Look,
)
from probes.model import Better, Metric, Probe, ProbeError, Reading, Role, Target, Unit, setting
from probes.text import Text

DROPPED_PACKETS_COUNT = Metric(
    name="dropped_packets_count",
    unit=Unit.COUNT,
    better=Better.LOWER,
    title=Text("丢弃的报文", "Dropped packets"),
    meaning=Text(
        "自上次探测以来接口丢弃的报文数，收发合计。",
        "Packets that the interface dropped since the previous run, both ways.",
    ),
    resolution=1,
    minimum=0,
)
FAULTY_PACKETS_COUNT = Metric(
    name="faulty_packets_count",
    unit=Unit.COUNT,
    better=Better.LOWER,
    title=Text("出错的报文", "Faulty packets"),
    meaning=Text(
        "自上次探测以来收发出错的报文数，常见于网线、接头或双工不匹配的问题。",
        "Packets received or sent with an error since the previous run; often a cable, a plug or a "
        "duplex mismatch.",
    ),
    resolution=1,
    minimum=0,
)
_PER_CONTAINER = re.compile(r"veth|vnet|cali|lxc|tap|ifb|br-[0-9a-f]{12}$")
"""Made and named afresh for each container or virtual machine: labels without bound."""


def change(before: Counters, after: Counters, seconds: float) -> dict[Metric, float]:
    """What happened between two looks; empty if any counter went back or no time passed."""
    added = after.since(before)
    if seconds <= 0 or added is None:
        return {}
    return {
        RECEIVED_BITS_PER_SECOND: added.received_bytes * 8 / seconds,
        SENT_BITS_PER_SECOND: added.sent_bytes * 8 / seconds,
        DROPPED_PACKETS_COUNT: float(added.dropped),
        FAULTY_PACKETS_COUNT: float(added.faulty),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    window_seconds: float = setting(
        1.0,
        Text("首次探测时两次读数的间隔，秒。", "Seconds between the two looks of the first run."),
        minimum=0.1,
        maximum=10,
    )
    include_loopback: bool = setting(False, Text("包括环回接口。", "Include the loopback."))
    include_containers: bool = setting(
        False,
        Text(
            "包括容器和虚拟机的临时接口（veth、vnet、tap 等；Windows 上为一切非物理接口）。",
            "Include the passing interfaces of containers and virtual machines (veth, vnet, tap; "
            "on Windows all that is not hardware).",
        ),
    )
    maximum_interfaces: int = setting(
        16,
        Text(
            "最多报告的接口数；物理接口优先，其次为已连通的接口。",
            "Interfaces reported at most; hardware first, then those that are up.",
        ),
        minimum=1,
        maximum=64,
    )


class InterfaceRate(Probe[Settings]):
    name = "interface_rate"
    title = Text("接口流量", "Interface traffic")
    about = Text(
        "读取操作系统的网卡计数器，与上一次探测相减，得到这段时间的平均速率；每个接口一条读数。"
        "首次探测相隔 window_seconds 读两次。计数器变小（复位或回绕）或接口刚出现时，速率缺失，"
        "只报告链路状态。",
        "Reads the operating system's interface counters and takes the difference to the previous "
        "run: a mean over that time, one reading per interface. The first run looks twice, "
        "window_seconds apart. When a counter went back (reset or wrap) or the interface is new, "
        "the rates are absent and only the link is reported.",
    )
    limits = Text(
        "这是实际使用的流量，不是线路能达到的带宽，不能用来判断是否达到合同带宽。平均值会掩盖短时"
        "突发。教室电脑的流量包含校内访问，不等于出口流量。系统也会把不认识的协议报文计为丢弃。",
        "This is what was used, not what the line can carry: it proves no contract. A mean hides "
        "short bursts. A classroom PC's traffic includes the school's own servers and is not egress"
        " traffic. Systems also count packets of protocols they do not know as dropped.",
    )
    measures = (
        RECEIVED_BITS_PER_SECOND,
        SENT_BITS_PER_SECOND,
        DROPPED_PACKETS_COUNT,
        FAULTY_PACKETS_COUNT,
        LINK_UP,
        LINK_SPEED_BITS_PER_SECOND,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text(
            "操作系统中的接口名，如 eth0。", "The interface as the system names it, such as eth0."
        )
    }
    roles = frozenset(Role)
    Settings = Settings
    deadline_seconds = 20.0

    _before: Look | None = None

    def longest_seconds(self) -> float:
        return self.settings.window_seconds

    async def measure(self, target: Target) -> list[Reading]:
        if self._before is None:
            self._before = await asyncio.to_thread(interfaces.look)
            await asyncio.sleep(self.settings.window_seconds)
        before = self._before
        links = await asyncio.to_thread(interfaces.links)
        self._before = now = await asyncio.to_thread(interfaces.look)
        chosen = choose(links, self.settings)
        if not chosen:
            raise ProbeError("no_source")
        old, new, seconds = before.counters, now.counters, now.at - before.at
        return [_reading(n, links[n], old.get(n), new.get(n), seconds) for n in chosen]


def _reading(
    name: str, link: Link, before: Counters | None, after: Counters | None, seconds: float
) -> Reading:
    values: dict[Metric, float] = {LINK_UP: float(link.up)}
    if link.megabits is not None:
        values[LINK_SPEED_BITS_PER_SECOND] = link.megabits * 1e6
    if before is not None and after is not None:
        values |= change(before, after, seconds)
    return Reading.ok(values, {"interface": name})


def choose(links: Mapping[str, Link], settings: Settings) -> list[str]:
    """The interfaces to report, sorted by name; the same ones each time while they exist."""
    wanted = [
        name
        for name, link in links.items()
        if (settings.include_loopback or not link.loopback)
        and (settings.include_containers or not (link.virtual or _PER_CONTAINER.match(name)))
    ]
    wanted.sort(key=lambda name: (not links[name].hardware, not links[name].up, name))
    return sorted(wanted[: settings.maximum_interfaces])
