"""教育专网可达率: the share of measurements over the second uplink that were answered."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.capacity import EDUCATION_NETWORK, SPENT
from collector.judge.indicator import ObservedIndicator
from collector.judge.indicators.education_network_bits_per_second import has_education_network
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.judge.unmeasured import NO_READING
from collector.register.model import School
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text


class EducationNetworkReachable(ObservedIndicator):
    name: ClassVar[str] = "education_network_reachable_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("教育专网可达率", "Education network reachable")
    meaning: ClassVar[Text] = Text(
        "经教育专网的主动容量测量中，测量服务器有应答的占比；其余被阻断或没有应答。",
        "Share of active capacity measurements over the education network that the measurement "
        "server answered; the others were blocked.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (SPENT,)
    method: ClassVar[MetricRef] = SPENT

    def concerns(self, school: School, scene: Scene) -> bool:
        return has_education_network(school)

    def observe(self, school: School, scene: Scene) -> Figure:
        sample = scene.capacity(school, "down", EDUCATION_NETWORK)
        if isinstance(sample, Text):
            return Figure(None, sample)
        if not sample.tried:
            reason = sample.instead or NO_READING
            return Figure(None, reason, since=sample.since, until=sample.until)
        answered = sample.tried - sample.blocked
        return Figure(
            value=answered / sample.tried,
            reason=Text(
                f"{sample.tried} 次主动测量中 {answered} 次有应答。",
                f"Of {sample.tried} active measurements {answered} were answered.",
            ),
            n=sample.tried,
            since=sample.since,
            until=sample.until,
        )
