"""Metrics that several probes share. A metric of one probe only stands in that probe's file."""

from __future__ import annotations

from collections.abc import Sequence

from probes.model import Better, Metric, Unit
from probes.text import Text

REACHABLE = Metric(
    name="reachable",
    unit=Unit.BOOLEAN,
    better=Better.HIGHER,
    title=Text("可达", "Reachable"),
    meaning=Text(
        "目标在本次探测中是否给出了该探测所要求的应答。",
        "Whether the target gave, in this run, the answer that the probe asks for.",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)

LOSS_RATIO = Metric(
    name="loss_ratio",
    unit=Unit.RATIO,
    better=Better.LOWER,
    title=Text("丢失率", "Loss"),
    meaning=Text(
        "本次探测中没有得到应答的请求所占的比例。",
        "Share of this run's requests that were not answered.",
    ),
    resolution=0.001,
    minimum=0,
    maximum=1,
    reference="RFC 7680 (definition of loss), applied to round trips",
)


def delay(name: str, title: Text, meaning: Text, reference: str) -> Metric:
    """A time on the way to the reflector, or a figure made of such times."""
    return Metric(
        name=name,
        unit=Unit.SECONDS,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=0.000001,
        minimum=0,
        maximum=60,
        reference=reference,
    )


def round_trip(name: str, title: Text, meaning: Text) -> Metric:
    """One of its percentiles."""
    return delay(name, title, meaning, "RFC 2681")


RTT_SECONDS_P50 = round_trip(
    "rtt_seconds_p50",
    Text("往返时延（中位）", "Round trip (p50)"),
    Text(
        "一半的包不超过的往返时间，不含反射器处理的时间。",
        "The round trip that half of the packets do not exceed, without the reflector's own time.",
    ),
)
RTT_SECONDS_P95 = round_trip(
    "rtt_seconds_p95",
    Text("往返时延（95%）", "Round trip (p95)"),
    Text(
        "95% 的包不超过的往返时间，不含反射器处理的时间。",
        "The round trip that 95% of the packets do not exceed, without the reflector's own time.",
    ),
)


def median(ordered: Sequence[float]) -> float:
    """The median of at least one value, in ascending order."""
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
