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


def median(ordered: Sequence[float]) -> float:
    """The median of at least one value, in ascending order."""
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
