"""What a school's line carries, second by second: the gateway's counters on the way out.

It reads counters and sends nothing: a rate here is what was used, never what the line could carry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import ClassVar

from probes import interfaces
from probes.interfaces import LINK_SPEED_BITS_PER_SECOND, Counters, Look
from probes.measuring.line import INTERFACE_HELP, LINE_REASONS, line_name
from probes.model import Better, Metric, Probe, Reading, Role, Target, Unit, setting
from probes.text import Text


def _rate(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.BITS_PER_SECOND,
        better=Better.NEITHER,
        title=title,
        meaning=meaning,
        resolution=1000,
        minimum=0,
        maximum=1e13,
    )


def _per_second(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.COUNT,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=0.01,
        minimum=0,
    )


RECEIVED_MEAN = _rate(
    "received_bits_per_second_mean",
    Text("下行平均速率", "Received, mean"),
    Text("所计各秒内接收的平均速率。", "Mean rate received over the seconds that count."),
)
RECEIVED_MAX = _rate(
    "received_bits_per_second_max",
    Text("下行峰值（1 秒）", "Received, busiest second"),
    Text("接收最多的一秒的速率。", "The rate received in the busiest second."),
)
RECEIVED_P95 = _rate(
    "received_bits_per_second_p95",
    Text("下行 95 百分位（1 秒）", "Received, 95th percentile"),
    Text(
        "各秒接收速率的 95 百分位（最近秩法）。",
        "95th percentile (nearest rank) of the rates received in each second.",
    ),
)
SENT_MEAN = _rate(
    "sent_bits_per_second_mean",
    Text("上行平均速率", "Sent, mean"),
    Text("所计各秒内发送的平均速率。", "Mean rate sent over the seconds that count."),
)
SENT_MAX = _rate(
    "sent_bits_per_second_max",
    Text("上行峰值（1 秒）", "Sent, busiest second"),
    Text("发送最多的一秒的速率。", "The rate sent in the busiest second."),
)
SENT_P95 = _rate(
    "sent_bits_per_second_p95",
    Text("上行 95 百分位（1 秒）", "Sent, 95th percentile"),
    Text(
        "各秒发送速率的 95 百分位（最近秩法）。",
        "95th percentile (nearest rank) of the rates sent in each second.",
    ),
)
DROPPED_COUNT_PER_SECOND = _per_second(
    "dropped_packets_count_per_second",
    Text("每秒丢弃的报文", "Packets dropped per second"),
    Text(
        "所计各秒内接口平均每秒丢弃的报文数，收发合计。",
        "Packets that the interface dropped per second, both ways, over the seconds that count.",
    ),
)
FAULTY_COUNT_PER_SECOND = _per_second(
    "faulty_packets_count_per_second",
    Text("每秒出错的报文", "Faulty packets per second"),
    Text(
        "所计各秒内平均每秒收发出错的报文数。",
        "Packets received or sent with an error per second, over the seconds that count.",
    ),
)
COUNTED_SECONDS = Metric(
    name="counted_seconds",
    unit=Unit.SECONDS,
    better=Better.HIGHER,
    title=Text("计入的时间", "Time that counts"),
    meaning=Text(
        "计数器可信、被计入的各秒合计时长；其余被舍去。",
        "Length of the seconds in which the counters can be trusted; the others were left out.",
    ),
    resolution=0.1,
    minimum=0,
)

_SECOND = 1.0
_TOLERANCE = 0.5
"""A look that came later or earlier than this (s) did not see one second."""
_FIRST_SECONDS = 3
"""Of the first run of an agent, so that somebody who waits for it soon sees something."""
_ENOUGH = 0.5
"""Share of the window's seconds that must count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    seconds: int = setting(
        20,
        Text(
            "每次探测连续读数的秒数；首次探测最多 3 秒。",
            "Seconds watched in one run; at most 3 in the first.",
        ),
        minimum=3,
        maximum=50,
    )
    interface: str = setting("", INTERFACE_HELP)


@dataclass(frozen=True, slots=True)
class Second:
    """What was added to the counters in `length` seconds, which are about one."""

    length: float
    added: Counters


class WanRate(Probe[Settings]):
    name = "wan_rate"
    title = Text("出口流量", "Traffic of the line")
    about = Text(
        "在网关上找出默认路由（度量值最小者，先 IPv4 后 IPv6）所在的接口，或设置中指定的接口，每秒"
        "读一次内核的 64 位计数器，给出平均速率、最忙一秒的速率和各秒速率的 95 百分位，上下行分开。"
        "计数器变小（复位或回绕）、接口消失，或两次读数相隔不是一秒（例如系统休眠）的那些秒不计；"
        "可计的不到一半时为 not_run。",
        "Finds the interface of the default route (lowest metric, IPv4 before IPv6) or takes the "
        "one that is set, reads the kernel's 64-bit counters each second, and gives the mean rate, "
        "the busiest second and the 95th percentile of the seconds, each way. A second counts for "
        "nothing when a counter went back (reset or wrap), the interface was gone, or the looks "
        "were not one second apart (the machine slept). With fewer than half of them left: "
        "not_run.",
    )
    limits = Text(
        "这是实际使用的流量，不是线路能达到的带宽。包含本机自身的流量和链路层帧头；PPPoE、VLAN 或 "
        "VPN 下，不同接口计的层不同。硬件转发的流量有的驱动不计入。一分钟内只看其中一段，更短的突发"
        "可能看不到。多条出口只报告默认路由所在的一条，不看策略路由。",
        "This is what was used, not what the line can carry. It includes the machine's own traffic "
        "and link headers; with PPPoE, VLAN or VPN, interfaces count at different layers. Some "
        "drivers do not count what the hardware forwards. It watches part of each minute, and a "
        "burst may fall outside. Of several lines only that of the default route is reported; "
        "policy routing is not looked at.",
    )
    measures = (
        RECEIVED_MEAN,
        RECEIVED_MAX,
        RECEIVED_P95,
        SENT_MEAN,
        SENT_MAX,
        SENT_P95,
        DROPPED_COUNT_PER_SECOND,
        FAULTY_COUNT_PER_SECOND,
        COUNTED_SECONDS,
        LINK_SPEED_BITS_PER_SECOND,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text(
            "操作系统中的接口名，如 pppoe-wan。",
            "The interface as the system names it, such as pppoe-wan.",
        )
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **LINE_REASONS,
        "too_few_seconds": Text(
            "计数器复位、接口消失或系统停顿，可计的秒数不到一半。",
            "The counters were reset, the interface vanished or the machine stalled: fewer than "
            "half of the seconds count.",
        ),
    }
    roles = frozenset({Role.GATEWAY})
    Settings = Settings
    deadline_seconds = 58.0

    _seen: bool = False

    def longest_seconds(self) -> float:
        return self.settings.seconds * _SECOND + _TOLERANCE

    async def measure(self, target: Target) -> Reading:
        name = await asyncio.to_thread(line_name, self.settings.interface)
        wanted = self.settings.seconds if self._seen else min(_FIRST_SECONDS, self.settings.seconds)
        self._seen = True
        looks = [await asyncio.to_thread(interfaces.look)]
        for _ in range(wanted):
            await asyncio.sleep(_SECOND)
            looks.append(await asyncio.to_thread(interfaces.look))
        counted = seconds_of(name, looks)
        if len(counted) < wanted * _ENOUGH:
            raise self.not_run("too_few_seconds")
        links = await asyncio.to_thread(interfaces.links)
        values = rates(counted)
        if name in links and (megabits := links[name].megabits) is not None:
            values[LINK_SPEED_BITS_PER_SECOND] = megabits * 1e6
        return Reading.ok(values, {"interface": name})


def seconds_of(name: str, looks: Sequence[Look]) -> list[Second]:
    """The seconds between looks for which the counters of `name` can be trusted."""
    found = []
    for before, after in pairwise(looks):
        length = after.at - before.at
        old, new = before.counters.get(name), after.counters.get(name)
        added = new.since(old) if old is not None and new is not None else None
        if added is not None and abs(length - _SECOND) <= _TOLERANCE:
            found.append(Second(length, added))
    return found


def rates(seconds: Sequence[Second]) -> dict[Metric, float]:
    """Of at least one second."""
    whole = sum(s.length for s in seconds)
    received = sorted(s.added.received_bytes * 8 / s.length for s in seconds)
    sent = sorted(s.added.sent_bytes * 8 / s.length for s in seconds)
    rank = ceil(0.95 * len(seconds)) - 1
    return {
        RECEIVED_MEAN: sum(s.added.received_bytes for s in seconds) * 8 / whole,
        RECEIVED_MAX: received[-1],
        RECEIVED_P95: received[rank],
        SENT_MEAN: sum(s.added.sent_bytes for s in seconds) * 8 / whole,
        SENT_MAX: sent[-1],
        SENT_P95: sent[rank],
        DROPPED_COUNT_PER_SECOND: sum(s.added.dropped for s in seconds) / whole,
        FAULTY_COUNT_PER_SECOND: sum(s.added.faulty for s in seconds) / whole,
        COUNTED_SECONDS: whole,
    }
