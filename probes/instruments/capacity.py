"""What a school's line can carry, used or not, measured without hurting a lesson.

Three tiers: watching a line that its users fill (T0), packet trains (T1), streams (T2). The first
costs nothing and always runs. The others need leave, which the collector gives (`permit`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from probes.measuring.line import INTERFACE_HELP, LINE_REASONS, line_of
from probes.measuring.permit import REFUSED, Direction, PermitOffice, Tier, Wanted
from probes.model import (
    Better,
    Metric,
    Outcome,
    Probe,
    ProbeError,
    Reading,
    Role,
    Target,
    Unit,
    setting,
)
from probes.text import Text

if TYPE_CHECKING:
    from probes.measuring.active import Measured
    from probes.measuring.baseline import Baseline
    from probes.measuring.counter import Counter
    from probes.measuring.saturation import Load
    from probes.measuring.watch import Watched


def _rate(name: str, better: Better, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.BITS_PER_SECOND,
        better=better,
        title=title,
        meaning=meaning,
        resolution=1000,
        minimum=0,
        maximum=1e12,
    )


CAPACITY = _rate(
    "capacity_bits_per_second",
    Better.HIGHER,
    Text("线路容量", "Capacity of the line"),
    Text(
        "线路最窄处能通过的速率，按 IP 包计，含他人正在使用的部分（RFC 9097 的 IP 层容量）。"
        "validity 为 lower_bound 时，实际容量不低于此值。",
        "The rate that the narrowest hop of the line can pass, in IP packets, what others use "
        "included (IP-layer capacity, RFC 9097). With validity lower_bound: at least this.",
    ),
)
USED = _rate(
    "used_bits_per_second",
    Better.NEITHER,
    Text("已用带宽", "Used"),
    Text(
        "观察期间线路上所有流量的平均速率，按 IP 包计。",
        "Mean rate of all traffic of the line while it was watched, in IP packets.",
    ),
)
AVAILABLE = _rate(
    "available_bits_per_second",
    Better.HIGHER,
    Text("可用带宽", "Available"),
    Text(
        "容量减去已用；容量取本次或最近 30 分钟内最后一次有效的测量。",
        "Capacity less what is used; the capacity of this run, or the last valid one of the last "
        "30 minutes.",
    ),
)
SPENT = Metric(
    name="spent_bytes",
    unit=Unit.BYTES,
    better=Better.LOWER,
    title=Text("测量所用流量", "Bytes spent"),
    meaning=Text(
        "本次测量自身在该方向发送的 IP 字节。",
        "IP bytes that the measurement itself sent in this direction.",
    ),
    resolution=1,
    minimum=0,
)
SPREAD = Metric(
    name="spread_ratio",
    unit=Unit.RATIO,
    better=Better.LOWER,
    title=Text("离散程度", "Spread"),
    meaning=Text(
        "结果所依据的各部分（各列、各时间窗）之间的差别与结果之比；越小越可信。",
        "How far the parts (trains, windows) differ on which the result rests, by the result; the "
        "smaller, the more it can be trusted.",
    ),
    resolution=0.0001,
    minimum=0,
)
ADDED_RTT = Metric(
    name="added_rtt_seconds",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("增加的往返时延", "Added round-trip time"),
    meaning=Text(
        "测量期间（T2）或线路被用满时（T0），该方向时延比空闲时增加多少（中位数）。",
        "By how much the delay exceeded that of an empty line, median: while streams filled it "
        "(T2), or while its users did (T0).",
    ),
    resolution=0.0001,
    minimum=0,
)

REMEMBERED_SECONDS = 1800.0
"""For so long a valid capacity stands for the line's, to say what is available."""
NONE = "-"
"""The value of a label that has nothing to say."""
SUSTAINED_SECONDS = 36 * 3600.0
"""For so long what streams have shown keeps faster trains from being believed."""
FIRST_SECONDS = 120.0
"""Within these the first active measurement of a process is due."""
_AGAIN_SECONDS: Mapping[str, float] = {"over_budget": 3600.0, "no_server": 3600.0}
"""After such a refusal, until the office is asked again; after others it is at the next run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    is_gateway: bool = setting(
        False,
        Text(
            "本机就是学校出口：用出口计数器，结果代表学校出口带宽。",
            "This machine is the school's way out: its counters are the line's, and its readings "
            "stand for it.",
        ),
    )
    interface: str = setting("", INTERFACE_HELP)
    watch_seconds: int = setting(
        15,
        Text("每次观察的秒数（T0）。", "Seconds watched in one run (T0)."),
        minimum=4,
        maximum=15,
    )
    active_seconds: int = setting(
        600,
        Text(
            "两次主动测量之间的秒数；0 表示从不主动测量。",
            "Seconds between two measurements that load the line; 0 = never.",
        ),
        minimum=0,
        maximum=86_400,
    )
    reflector_port: int = setting(
        0,
        Text("反射器端口；0 表示没有反射器。", "Port of the reflector; 0 = there is none."),
        minimum=0,
        maximum=65_535,
    )
    reflector_key: str = setting(
        "", Text("反射器密钥，随配置下发。", "Key of the reflector; comes with the configuration.")
    )


class Capacity(Probe[CapacitySettings]):
    """`office` gives leave to load the line; without one it only watches."""

    name = "capacity"
    title = Text("线路容量", "Capacity of the line")
    about = Text(
        "三级测量，上下行分开。T0：观察出口计数器和到反射器的单向时延；计数器平稳且该方向排队，"
        "说明线路被用满，此时的速率就是容量，不花流量。T1：与测速服务器收发几列背靠背的满长包，由"
        "到达的节奏读出容量，约为测速流量的百分之一，上课时也可以做。T2：用多条 TCP 连接短时间"
        "占满线路，从出口计数器读出容量，只在课间和放学后做。T1、T2 每次都要采集器许可："
        "它知道课表、流量额度和测速服务器的余量。发送端、接收端、令牌桶或他人的包可能决定节奏时，"
        "结果是“下限”或“无法判断”，why 标签写明原因；UDP 或 TCP 被拦截时是“被拦截”，不是“慢”。",
        "Three tiers, each direction by itself. T0 watches the line's counter and the one-way "
        "delay to the reflector: a flat counter and a queue in that direction mean that the line "
        "is full, and its rate then is its capacity, at no cost. T1 sends or takes a few trains "
        "of full UDP packets back to back and reads the capacity from the pace at which they "
        "arrive: about a hundredth of a speed test's bytes, and allowed in lessons. T2 fills the "
        "line with TCP connections for a moment and reads its counter; only in breaks and after "
        "school. T1 and T2 need leave of the collector, which knows the timetable, the budget of "
        "bytes and what the measurement server can lend. Where sender, receiver, a token bucket "
        "or others' packets may have set the pace the result is a lower bound or inconclusive, "
        "and the label `why` says so. UDP or TCP that does not get through is `blocked`, never "
        "slow.",
    )
    limits = Text(
        "测的是学校到测速服务器之间最窄的一段；服务器自己的线路应至少是最大学校的两倍。网关"
        "（vantage=gateway）的结果代表学校出口；网关装不了代理程序的，专用哨兵的有线结果在上联交换机"
        "端口的计数能够确认时才代表出口，而它没有自己的计数器，T2 只给下限。教室电脑的结果代表它"
        "自己的网络，Wi-Fi 更是如此。"
        "公平队列后面的包列只得到自己的份额（由计数器识破）；无线、GPON 上行按批授权，T1 多为"
        "“无法判断”。接口计数器合并了报文（GRO、硬件转发）时 T2 只给下限。",
        "It measures the narrowest hop between school and measurement server, whose own line "
        "should be twice that of the largest school. A gateway's readings (vantage=gateway) stand "
        "for the school's line. Where the gateway can run no agent a dedicated sentinel's over a "
        "wire do, as far as the counters of the uplink's switch port confirm them; it has no "
        "counter of its own, so T2 is only a lower bound there. A classroom PC's are of its own "
        "network, all the more on Wi-Fi. Behind a fair queue a train gets its share, which the "
        "counter gives away. Radio and the upstream of passive fibre grant in bursts: T1 is often "
        "inconclusive there. Where the interface counts several packets as one (GRO, offload), T2 "
        "is only a lower bound.",
    )
    measures = (CAPACITY, USED, AVAILABLE, SPENT, SPREAD, ADDED_RTT)
    labels: ClassVar[Mapping[str, Text]] = {
        "direction": Text("down 下行，up 上行。", "down (to the school) or up."),
        "tier": Text(
            "t0 观察，t1 包列，t2 多条 TCP。", "t0 watching, t1 packet trains, t2 TCP streams."
        ),
        "validity": Text(
            "valid 有效，lower_bound 下限，inconclusive 无法判断，blocked 被拦截。",
            "valid, lower_bound, inconclusive or blocked.",
        ),
        "why": Text("不是有效时的原因；有效时为 -。", "Why it is not valid; - when it is."),
        "layer": Text("ip：按 IP 包计。", "ip: counted in IP packets."),
        "vantage": Text(
            "gateway 网关，wired 有线的电脑或专用哨兵，wifi 无线的。",
            "Where it was measured: gateway, or a PC or dedicated sentinel that is wired or wifi.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **REFUSED,
        **LINE_REASONS,
        "blocked": Text(
            "测速的包或连接被拦截，没有到达测速服务器。",
            "What was sent to the measurement server did not get through.",
        ),
        "server_refused": Text(
            "测速服务器拒绝了许可。", "The measurement server did not accept the permit."
        ),
        "too_big": Text(
            "路径的最大报文长度小于 1428 字节，包列过不去。",
            "The path takes no packets of 1428 bytes, so no train gets through.",
        ),
    }
    roles = frozenset(Role)
    Settings = CapacitySettings
    aimed = True
    example = "collector.example"
    deadline_seconds = 59.0

    def __init__(self, settings: CapacitySettings, office: PermitOffice | None = None) -> None:
        super().__init__(settings)
        self._office = office
        self._baseline: Baseline | None = None
        self._known: dict[Direction, tuple[float, float]] = {}
        self._by_streams: dict[Direction, tuple[float, float]] = {}
        first = min(FIRST_SECONDS, settings.active_seconds)
        self._due = monotonic() + random.uniform(0, first)  # noqa: S311

    def longest_seconds(self) -> float:
        from probes.measuring.active import MOST_SECONDS
        from probes.measuring.watch import LINGER_SECONDS

        return self.settings.watch_seconds + LINGER_SECONDS + MOST_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        from probes.measuring.counter import Counter

        line = line_of(self.settings.interface)
        if not self.settings.is_gateway:
            vantage = "wifi" if line.is_wireless else "wired"
            return await self._load(target, None, vantage, {})
        async with Counter(line) as counter:
            watched = await self._watch(target, counter)
            used = {way: watched.of(way).used for way in Direction}
            share = watched.spent_bytes / len(Direction)
            readings = [self._of_watch(way, watched.of(way), share) for way in Direction]
            return readings + await self._load_if_due(target, counter, used)

    async def _watch(self, target: Target, counter: Counter) -> Watched:
        from probes.jitter import Key
        from probes.measuring.baseline import Baseline
        from probes.measuring.watch import watch

        if self._baseline is None:
            self._baseline = Baseline()
        given = self.settings
        key = Key.parse(given.reflector_key) if given.reflector_key else None
        return await watch(
            counter, target.host, given.reflector_port, key, self._baseline, given.watch_seconds
        )

    async def _load_if_due(
        self, target: Target, counter: Counter, used: Mapping[Direction, float | None]
    ) -> list[Reading]:
        """Nothing when it is not due; what was watched is not lost because there is no leave."""
        if self._office is None or not self.settings.active_seconds or monotonic() < self._due:
            return []
        try:
            return await self._load(target, counter, "gateway", used)
        except ProbeError as exc:
            labels = dict.fromkeys(self.labels, NONE) | {"vantage": "gateway"}
            return [Reading(Outcome.NOT_RUN, {}, labels, exc.reason)]

    async def _load(
        self,
        target: Target,
        counter: Counter | None,
        vantage: str,
        used: Mapping[Direction, float | None],
    ) -> list[Reading]:
        """Raises ProbeError without leave, or if this machine could not send."""
        from probes.measuring import active, session

        if self._office is None:
            raise self.not_run("no_server")
        try:
            permit = await self._office.ask(Wanted(target.name, Tier.STREAMS, self._fastest()))
        except ProbeError as exc:
            self._due = monotonic() + _AGAIN_SECONDS.get(exc.reason, 0.0)
            raise
        self._due = monotonic() + self.settings.active_seconds
        found: Sequence[Measured] = ()
        try:
            found = await active.measure(permit, active.Knowledge(counter, self._sustained()))
        except session.RefusedError as exc:
            raise self.not_run("no_slot" if exc.reason == "full" else "server_refused") from exc
        finally:
            await self._office.give_back(permit, sum(one.spent_bytes for one in found))
        return [self._of_load(one, vantage, used.get(one.direction)) for one in found]

    def _fastest(self) -> float | None:
        """The capacity that is expected, of the faster direction."""
        known = [rate for way in Direction if (rate := self._remembered(way)) is not None]
        return max(known, default=None)

    def _sustained(self) -> dict[Direction, float]:
        now = monotonic()
        kept = self._by_streams.items()
        return {way: rate for way, (rate, at) in kept if now - at < SUSTAINED_SECONDS}

    def _remembered(self, direction: Direction) -> float | None:
        rate, at = self._known.get(direction, (0.0, -REMEMBERED_SECONDS))
        return rate if monotonic() - at < REMEMBERED_SECONDS else None

    def _of_watch(self, direction: Direction, load: Load, spent: float) -> Reading:
        valid = load.rate is not None
        if load.rate is not None:
            self._known[direction] = load.rate, monotonic()
        labels = {
            "direction": direction.value,
            "tier": Tier.PASSIVE.value,
            "validity": "valid" if valid else "inconclusive",
            "why": NONE if valid else load.reason or "not_full",
            "layer": "ip",
            "vantage": "gateway",
        }
        values = {
            CAPACITY: load.rate,
            USED: load.used,
            AVAILABLE: _available(self._remembered(direction), load.used),
            SPENT: spent,
            SPREAD: load.variation,
            ADDED_RTT: load.added,
        }
        return Reading.ok(_known(values), labels)

    def _of_load(self, one: Measured, vantage: str, used: float | None) -> Reading:
        if one.outcome == "valid" and one.rate is not None:
            self._known[one.direction] = one.rate, monotonic()
            if one.tier is Tier.STREAMS:
                self._by_streams[one.direction] = one.rate, monotonic()
        labels = {
            "direction": one.direction.value,
            "tier": one.tier.value,
            "validity": one.outcome.value,
            "why": one.why or NONE,
            "layer": "ip",
            "vantage": vantage,
        }
        values = {
            CAPACITY: one.rate,
            USED: used,
            AVAILABLE: _available(one.rate if one.outcome == "valid" else None, used),
            SPENT: float(one.spent_bytes),
            SPREAD: one.spread_ratio,
            ADDED_RTT: one.added_rtt,
        }
        if one.outcome == "blocked":
            return Reading(Outcome.FAILED, _known(values), labels, "blocked")
        return Reading.ok(_known(values), labels)


def _available(capacity: float | None, used: float | None) -> float | None:
    return None if capacity is None or used is None else max(0.0, capacity - used)


def _known(values: Mapping[Metric, float | None]) -> dict[Metric, float]:
    return {metric: value for metric, value in values.items() if value is not None}
