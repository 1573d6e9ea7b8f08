"""How evenly small packets travel to the collector and back: loss, order, jitter, round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from probes.jitter import (
    LARGEST_BYTES,
    SMALLEST_BYTES,
    Key,
    Trip,
    jitter_seconds,
    percentile,
    reordered_ratio,
)
from probes.metrics import LOSS_RATIO, REACHABLE, RTT_SECONDS_P50, RTT_SECONDS_P95, delay
from probes.model import Better, Metric, Probe, Reading, Role, Target, Unit, setting
from probes.net import RESOLVE_SECONDS, resolve
from probes.reflected import KEY_HELP, PORT, REASONS, Pace, Stream, check_key
from probes.text import Text


def _share(name: str, title: Text, meaning: Text, reference: str) -> Metric:
    return Metric(
        name=f"{name}_ratio",
        unit=Unit.RATIO,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=0.001,
        minimum=0,
        maximum=1,
        reference=reference,
    )


REORDERED_RATIO = _share(
    "reordered",
    Text("乱序率", "Reordered"),
    Text(
        "有应答的包中，晚于后发的包到达的比例（往返）。",
        "Share of the answered packets that came after one sent later (round trip).",
    ),
    "RFC 4737 section 3",
)
DUPLICATE_RATIO = _share(
    "duplicate",
    Text("重复率", "Duplicates"),
    Text(
        "有应答的包中，应答到达不止一次的比例。",
        "Share of the answered packets whose answer came more than once.",
    ),
    "RFC 5560",
)
JITTER_UP_SECONDS = delay(
    "jitter_up_seconds",
    Text("上行抖动", "Jitter up"),
    Text(
        "从本机到反射器的到达间隔抖动；由两端各自的时钟之差算出，不需要对时。",
        "Interarrival jitter from this machine to the reflector, from differences on each end's "
        "own clock, which need not agree.",
    ),
    "RFC 3550 section 6.4.1",
)
JITTER_DOWN_SECONDS = delay(
    "jitter_down_seconds",
    Text("下行抖动", "Jitter down"),
    Text(
        "从反射器到本机的到达间隔抖动。", "Interarrival jitter from the reflector to this machine."
    ),
    "RFC 3550 section 6.4.1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    count: int = setting(
        50, Text("一次探测发送的包数。", "Packets in one run."), minimum=10, maximum=500
    )
    interval: float = setting(
        0.02, Text("相邻两包的间隔，秒。", "Seconds between packets."), minimum=0.01, maximum=0.1
    )
    size: int = setting(
        200,
        Text("每包的 UDP 数据字节数。", "Bytes of UDP payload in a packet."),
        minimum=SMALLEST_BYTES,
        maximum=LARGEST_BYTES,
    )
    timeout: float = setting(
        1.0,
        Text("最后一包之后再等多久，秒。", "Seconds to wait after the last packet."),
        minimum=0.1,
        maximum=3,
    )
    key: str = setting("", KEY_HELP)

    def __post_init__(self) -> None:
        check_key(self.key)


class UdpJitter(Probe[Settings]):
    name = "udp_jitter"
    title = Text("UDP 抖动", "UDP jitter")
    about = Text(
        "按固定间隔向采集器的反射器发送一串小 UDP 包（默认 50 个，间隔 20 毫秒，约 1 秒、每个方向"
        "约 90 kbit/s），反射器盖上自己的两个时间戳后原样送回，不会更长。由此得到丢失、乱序、重复、"
        "两个方向各自的抖动和往返时延。到达时间以内核所记为准。包以采集器下发的密钥签名，反射器"
        "只应答自己的代理程序。",
        "Sends small UDP packets at a steady pace to the collector's reflector (by default 50, "
        "20 ms apart: one second of about 90 kbit/s each way). The reflector sends each back with "
        "its own two timestamps, no longer than it came. That gives loss, order, duplicates, the "
        "jitter of each direction and the round trip. Times of arrival are the kernel's. Packets "
        "are signed with a key that the collector hands out, so a reflector serves only its own.",
    )
    limits = Text(
        "丢失率是往返的，不知丢在哪个方向。抖动是 RFC 3550 的平滑值，不是最大值，主要反映最后几十个"
        "包。一秒的样本看不到更长的起伏。不代表带宽。",
        "Loss is that of the round trip; the direction is not known. Jitter is the smoothed value "
        "of RFC 3550, no maximum, and tells mostly of the last dozens of packets. A second does "
        "not show slower swings. It says nothing about bandwidth.",
    )
    measures = (
        REACHABLE,
        LOSS_RATIO,
        REORDERED_RATIO,
        DUPLICATE_RATIO,
        JITTER_UP_SECONDS,
        JITTER_DOWN_SECONDS,
        RTT_SECONDS_P50,
        RTT_SECONDS_P95,
    )
    reasons: ClassVar[Mapping[str, Text]] = REASONS
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings
    aimed = True
    example = "collector"
    deadline_seconds = 75.0

    def longest_seconds(self) -> float:
        return RESOLVE_SECONDS + self._pace.seconds

    @property
    def _pace(self) -> Pace:
        s = self.settings
        return Pace(count=s.count, interval=s.interval, size=s.size, timeout=s.timeout)

    async def measure(self, target: Target) -> Reading:
        if not self.settings.key:
            raise self.not_run("no_key")
        address = await resolve(target.host, target.port or PORT)
        stream = Stream(Key.parse(self.settings.key))
        await stream.exchange(address, self._pace)
        if why := stream.turned_away:
            raise self.not_run(why)
        return _reading(stream)


def _reading(stream: Stream) -> Reading:
    if not stream.trips:
        return Reading.failed(stream.why_no_reply, {REACHABLE: 0, LOSS_RATIO: stream.loss})
    sequences = list(stream.trips)
    values = {
        REACHABLE: 1.0,
        LOSS_RATIO: stream.loss,
        REORDERED_RATIO: reordered_ratio(sequences),
        DUPLICATE_RATIO: len(stream.repeated) / len(sequences),
    }
    return Reading.ok(values | _times(stream.possible))


def _times(trips: Sequence[Trip]) -> dict[Metric, float]:
    """Without what cannot be told from so few."""
    times = {
        JITTER_UP_SECONDS: jitter_seconds([(trip.sent, trip.received) for trip in trips]),
        JITTER_DOWN_SECONDS: jitter_seconds([(trip.replied, trip.arrived) for trip in trips]),
    }
    if trips:
        round_trips = sorted(trip.seconds for trip in trips)
        times[RTT_SECONDS_P50] = percentile(round_trips, 0.5)
        times[RTT_SECONDS_P95] = percentile(round_trips, 0.95)
    return {metric: value for metric, value in times.items() if value is not None}
