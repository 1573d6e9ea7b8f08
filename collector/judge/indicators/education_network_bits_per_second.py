"""教育专网容量: what the second uplink carries; it never adds to the primary line."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.capacity import CAPACITY, EDUCATION_NETWORK
from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.judge.unmeasured import NO_READING
from collector.register.model import School
from collector.store import MetricRef
from config.quantity import show_both
from probes.model import Better, Unit
from probes.text import Text


class EducationNetwork(ObservedIndicator):
    name: ClassVar[str] = "education_network_bits_per_second"
    unit: ClassVar[Unit] = Unit.BITS_PER_SECOND
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("教育专网下行容量", "Capacity of the education network")
    meaning: ClassVar[Text] = Text(
        "教育专网线路下行容量的中位数（上课日、网关、IP 层）。它是第二条出口，不加到主用线路上。",
        "Median download capacity of the education network's line on school days, read by a "
        "gateway at the IP layer. It is a second uplink and does not add to the primary line.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (CAPACITY,)
    method: ClassVar[MetricRef] = CAPACITY

    def concerns(self, school: School, scene: Scene) -> bool:
        return has_education_network(school)

    def observe(self, school: School, scene: Scene) -> Figure:
        sample = scene.capacity(school, "down", EDUCATION_NETWORK)
        if isinstance(sample, Text):
            return Figure(None, sample)
        value = sample.median_of_valid
        if value is None:
            reason = sample.instead or NO_READING
        else:
            shown = show_both(value, Unit.BITS_PER_SECOND)
            n, days = len(sample.valid), sample.valid_days
            reason = Text(
                f"{days} 个上课日 {n} 次有效测量的中位数 {shown.zh}。",
                f"Median of {n} valid readings on {days} school days: {shown.en}.",
            )
        return Figure(
            value=value,
            reason=reason,
            n=len(sample.valid),
            coverage=sample.coverage,
            since=sample.since,
            until=sample.until,
        )


def has_education_network(school: School) -> bool:
    return any(link.role == "edu_net" for link in school.links)
