"""How long the way to the collector is while the school uses its line, and while it does not.

It never loads the line itself: a few small packets a second travel beside the pupils' own traffic,
and the gateway's counter says which of them met some.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter_ns
from typing import ClassVar, NamedTuple

from probes import default_route, interfaces
from probes.instruments.wan_rate import RECEIVED_MEAN, SENT_MEAN
from probes.interfaces import Counters
from probes.jitter import SMALLEST_BYTES, Key, Trip, mean_variation_seconds, percentile
from probes.measuring.line import INTERFACE_HELP, line_name
from probes.metrics import (
    LOSS_RATIO,
    REACHABLE,
    RTT_SECONDS_P50,
    RTT_SECONDS_P95,
    delay,
    round_trip,
)
from probes.model import Better, Metric, Probe, Reading, Role, Target, Unit, setting
from probes.net import RESOLVE_SECONDS, resolve
from probes.reflected import KEY_HELP, PORT, REASONS, Pace, Stream, check_key
from probes.text import Text


def _part(name: str, zh: str, en: str) -> tuple[Metric, Metric]:
    """The median and the 95th percentile of the packets of some of the seconds."""
    return (
        round_trip(
            f"rtt_{name}_seconds_p50",
            Text(f"{zh}时延（中位）", f"Round trip {en} (p50)"),
            Text(
                f"{zh}的各秒内发出的包的往返时延中位数；这样的包不足 {LEAST_PACKETS} 个时缺失。",
                f"Median round trip of the packets that were sent in seconds {en}; absent with "
                f"fewer than {LEAST_PACKETS} of them.",
            ),
        ),
        round_trip(
            f"rtt_{name}_seconds_p95",
            Text(f"{zh}时延（95%）", f"Round trip {en} (p95)"),
            Text(
                f"{zh}的各秒内发出的包有 95% 不超过的往返时延；不足 {LEAST_PACKETS} 个时缺失。",
                f"The round trip that 95% of the packets sent in seconds {en} do not exceed; "
                f"absent with fewer than {LEAST_PACKETS} of them.",
            ),
        ),
    )


def _variation(name: str, title: Text, meaning: Text) -> Metric:
    reference = "RFC 3393 (delay variation of neighbouring packets)"
    return delay(f"jitter_{name}_seconds_mean", title, meaning, reference)


LEAST_PACKETS = 10
"""That came back, to speak of a percentile."""
RTT_REST_SECONDS_P50, RTT_REST_SECONDS_P95 = _part("rest", "线路空闲", "at rest")
RTT_LOADED_SECONDS_P50, RTT_LOADED_SECONDS_P95 = _part("loaded", "线路有流量", "under load")
JITTER_UP_SECONDS_MEAN = _variation(
    "up",
    Text("上行抖动（平均）", "Jitter up (mean)"),
    Text(
        "相邻两包从本机到反射器的时延之差，取绝对值后的平均；两端的钟不需要对时。",
        "Mean of how much the delay to the reflector of one packet differs from that of the next, "
        "without sign; the two clocks need not agree.",
    ),
)
JITTER_DOWN_SECONDS_MEAN = _variation(
    "down",
    Text("下行抖动（平均）", "Jitter down (mean)"),
    Text(
        "相邻两包从反射器到本机的时延之差，取绝对值后的平均。",
        "Mean of how much the delay from the reflector of one packet differs from that of the "
        "next, without sign.",
    ),
)
LOADED_RATIO = Metric(
    name="loaded_ratio",
    unit=Unit.RATIO,
    better=Better.NEITHER,
    title=Text("有流量的时间", "Time under load"),
    meaning=Text(
        "计数器可信的各秒中，任一方向达到“空闲”界限的比例。",
        "Of the seconds in which the counter can be trusted, the share in which either direction "
        "carried as much as the bound of rest.",
    ),
    resolution=0.001,
    minimum=0,
    maximum=1,
)

_SECOND = 1.0
_TOLERANCE_NS = 500_000_000
"""A look that came later or earlier than this did not see one second."""
_FIRST_SECONDS = 5
"""Of the first run of an agent, so that somebody who waits for it soon sees something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    seconds: int = setting(
        50,
        Text(
            "每次探测持续的秒数；首次探测最多 5 秒。", "Seconds of one run; at most 5 in the first."
        ),
        minimum=5,
        maximum=50,
    )
    interval: float = setting(
        1.0, Text("相邻两包的间隔，秒。", "Seconds between packets."), minimum=0.1, maximum=2
    )
    rest_below: int = setting(
        1_000_000,
        Text(
            "两个方向都低于这个速率的一秒算空闲，bit/s。",
            "A second with less than this in each direction is one at rest, bit/s.",
        ),
        minimum=10_000,
        maximum=1_000_000_000,
    )
    interface: str = setting("", INTERFACE_HELP)
    timeout: float = setting(
        2.0,
        Text("最后一包之后再等多久，秒。", "Seconds to wait after the last packet."),
        minimum=0.1,
        maximum=3,
    )
    key: str = setting("", KEY_HELP)

    def __post_init__(self) -> None:
        check_key(self.key)


class Glance(NamedTuple):
    """The counters of the line at an instant, in ns of `perf_counter_ns`; None = not there."""

    at: int
    counters: Counters | None


class Second(NamedTuple):
    """What the line carried from one instant to another, in ns and bits a second."""

    since: int
    until: int
    received: float
    sent: float


class LoadedLatency(Probe[Settings]):
    name = "loaded_latency"
    title = Text("使用中的时延", "Latency while in use")
    about = Text(
        "一分钟的大部分时间里，每秒向采集器的反射器发一个小的签名 UDP 包（个数可设），同时每秒读"
        "出口计数器。包按发出的那一秒线路是空闲还是有流量分开统计，由此看出线路被使用时时延增加多少。"
        "丢失、抖动和总的时延按全部包计。每秒一包时每个方向不到 1 kbit/s。反射器和包与 udp_jitter "
        "相同。",
        "For most of a minute it sends one small signed UDP packet a second (or as many as are "
        "set) to the collector's reflector, and reads the counter of the line each second. Packets "
        "are told apart by whether the line was at rest or carried something in the second in "
        "which they were sent: that shows how much the round trip grows when the line is used. "
        "Loss, jitter and the whole round trip are of all packets. One packet a second is less "
        "than 1 kbit/s each way. Reflector and packets are those of udp_jitter.",
    )
    limits = Text(
        "它自己从不给线路加负载：没有人使用时，就没有“有流量”的值。“有流量”不等于“满载”：界限是一个"
        "固定的速率，线路有多满要与带宽相比。时延是到采集器的全程，包含采集器一侧，不只是学校的线路；"
        "丢失是往返的。默认每分钟 50 包，丢一包就是 2%，更小的丢失率看不出来。没有默认路由或计数器"
        "不可信时，只有总的时延、抖动和丢失。不代表带宽。",
        "It never loads the line: while nobody uses it there is no value under load. Under load is "
        "not full: the bound is a fixed rate, and how full a line is takes its capacity to tell. "
        "The round trip is that of the whole way to the collector, whose own side is part of it, "
        "not of the school's line alone; loss is that of the round trip. Of 50 packets a minute, "
        "as it is unless set otherwise, one lost is 2%, and less is not seen. Without a default "
        "route, or while the counter cannot be trusted, there are only the whole round trip, "
        "jitter and loss. It says nothing about bandwidth.",
    )
    measures = (
        REACHABLE,
        LOSS_RATIO,
        RTT_SECONDS_P50,
        RTT_SECONDS_P95,
        RTT_REST_SECONDS_P50,
        RTT_REST_SECONDS_P95,
        RTT_LOADED_SECONDS_P50,
        RTT_LOADED_SECONDS_P95,
        JITTER_UP_SECONDS_MEAN,
        JITTER_DOWN_SECONDS_MEAN,
        LOADED_RATIO,
        RECEIVED_MEAN,
        SENT_MEAN,
    )
    reasons: ClassVar[Mapping[str, Text]] = {
        **REASONS,
        "no_interface": Text(
            "设置中指定的出口接口不存在。", "The interface that is set for the line does not exist."
        ),
    }
    roles = frozenset({Role.GATEWAY})
    Settings = Settings
    aimed = True
    example = "collector"
    deadline_seconds = 59.0

    _seen: bool = False

    def longest_seconds(self) -> float:
        return RESOLVE_SECONDS + self._pace(self.settings.seconds).seconds

    def _pace(self, seconds: int) -> Pace:
        s = self.settings
        count = round(seconds / s.interval)
        return Pace(count=count, interval=s.interval, size=SMALLEST_BYTES, timeout=s.timeout)

    async def measure(self, target: Target) -> Reading:
        if not self.settings.key:
            raise self.not_run("no_key")
        address = await resolve(target.host, target.port or PORT)
        line = await asyncio.to_thread(self._line)
        seconds = self.settings.seconds if self._seen else _FIRST_SECONDS
        self._seen = True
        stream, glances = Stream(Key.parse(self.settings.key)), list[Glance]()
        watching = asyncio.create_task(_watch(line, glances))
        try:
            await stream.exchange(address, self._pace(seconds))
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        if why := stream.turned_away:
            raise self.not_run(why)
        return _reading(stream, seconds_of(glances), self.settings.rest_below)

    def _line(self) -> str | None:
        """None where there is no telling which interface is the line."""
        if not self.settings.interface:
            return default_route.default_interface()
        return line_name(self.settings.interface)


async def _watch(line: str | None, glances: list[Glance]) -> None:
    """Look each second, until cancelled; not at all where the line is not known."""
    while line is not None:
        looked = await asyncio.to_thread(interfaces.look)
        glances.append(Glance(perf_counter_ns(), looked.counters.get(line)))
        await asyncio.sleep(_SECOND)


def seconds_of(glances: Sequence[Glance]) -> list[Second]:
    """The seconds between glances for which the counters can be trusted."""
    found = []
    for before, after in pairwise(glances):
        length = after.at - before.at
        if before.counters is None or after.counters is None:
            continue
        added = after.counters.since(before.counters)
        if added is not None and abs(length - _SECOND * 1e9) <= _TOLERANCE_NS:
            bits = 8e9 / length
            received, sent = added.received_bytes * bits, added.sent_bytes * bits
            found.append(Second(before.at, after.at, received, sent))
    return found


def _reading(stream: Stream, seconds: Sequence[Second], rest_below: float) -> Reading:
    used = _use(seconds, rest_below)
    if not stream.trips:
        failed = {REACHABLE: 0.0, LOSS_RATIO: stream.loss, **used}
        return Reading.failed(stream.why_no_reply, failed)
    trips = stream.possible
    rest, loaded = apart(trips, seconds, rest_below)
    return Reading.ok(
        {
            REACHABLE: 1.0,
            LOSS_RATIO: stream.loss,
            **_percentiles(trips, RTT_SECONDS_P50, RTT_SECONDS_P95, least=1),
            **_percentiles(rest, RTT_REST_SECONDS_P50, RTT_REST_SECONDS_P95),
            **_percentiles(loaded, RTT_LOADED_SECONDS_P50, RTT_LOADED_SECONDS_P95),
            **_jitter(trips),
            **used,
        }
    )


def apart(
    trips: Iterable[Trip], seconds: Sequence[Second], rest_below: float
) -> tuple[list[Trip], list[Trip]]:
    """Those sent while the line was at rest, and those sent while it carried something.

    A packet of a second of which nothing is known is in neither.
    """
    rest: list[Trip] = []
    loaded: list[Trip] = []
    begun = [second.since for second in seconds]
    for trip in trips:
        number = bisect_right(begun, trip.sent) - 1
        if number >= 0 and trip.sent < seconds[number].until:
            (rest if _is_rest(seconds[number], rest_below) else loaded).append(trip)
    return rest, loaded


def _is_rest(second: Second, rest_below: float) -> bool:
    return max(second.received, second.sent) < rest_below


def _percentiles(
    trips: Sequence[Trip], p50: Metric, p95: Metric, least: int = LEAST_PACKETS
) -> dict[Metric, float]:
    if len(trips) < least:
        return {}
    ordered = sorted(trip.seconds for trip in trips)
    return {p50: percentile(ordered, 0.5), p95: percentile(ordered, 0.95)}


def _jitter(trips: Sequence[Trip]) -> dict[Metric, float]:
    found = {
        JITTER_UP_SECONDS_MEAN: mean_variation_seconds([(t.sent, t.received) for t in trips]),
        JITTER_DOWN_SECONDS_MEAN: mean_variation_seconds([(t.replied, t.arrived) for t in trips]),
    }
    return {metric: value for metric, value in found.items() if value is not None}


def _use(seconds: Sequence[Second], rest_below: float) -> dict[Metric, float]:
    """Nothing where no second can be trusted."""
    whole = sum(s.until - s.since for s in seconds)
    if not whole:
        return {}
    loaded = sum(s.until - s.since for s in seconds if not _is_rest(s, rest_below))
    return {
        LOADED_RATIO: loaded / whole,
        RECEIVED_MEAN: sum(s.received * (s.until - s.since) for s in seconds) / whole,
        SENT_MEAN: sum(s.sent * (s.until - s.since) for s in seconds) / whole,
    }
