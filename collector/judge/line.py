"""What a provider brings over a line against what its contract says: a finding of its own.

Its evidence is for the person who manages the contract: the days, the readings, how they were
taken, and what was granted. It rests on the calendar month, or on the last thirty days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from statistics import quantiles

from collector.judge.bandwidth import NO_CONTRACT, Demand, delivered_leg
from collector.judge.capacity import EDUCATION_NETWORK, LINE, Day, Direction, Line, Sample
from collector.judge.model import Leg, Verdict, Window
from collector.judge.scene import Scene
from collector.register.model import Link, LinkRole, School
from config.policy import Delivery, Operator
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

LINE_TITLES: dict[Verdict, Text] = {
    Verdict.MET: Text("达到合同", "as contracted"),
    Verdict.NOT_MET: Text("低于合同", "below contract"),
    Verdict.UNDETERMINED: Text("无法判定", "undetermined"),
}
DIRECTION_TITLES: dict[Direction, Text] = {"down": Text("下行", "down"), "up": Text("上行", "up")}
SEVERAL = Text(
    "学校有几条同类线路，测量属于哪一条并不知道。",
    "The school has several lines of this kind, and which of them was measured is not known.",
)
_TARGETS: dict[LinkRole, Line] = {"primary": LINE, "edu_net": EDUCATION_NETWORK}
"""A backup line is not measured."""
_UNIT = Unit.BITS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFinding:
    """One direction of one line.

    Attributes:
        contract: bits a second; None = none is registered.
        required: the median that satisfies the contract, tolerance granted; None without contract.
        verdict: MET, NOT_MET or UNDETERMINED.
        median, p10: of the valid readings; None without any.
        n, days: valid readings, and school days that have one.
        bounds: further readings that only say how much it is at least.
        since, until: the instants of the window; None when nothing can be measured.
        coverage: share of the lessons that have a valid reading.
        by_day: each school day with a valid reading, in order.
        vantage: where the readings were taken, in words; None without any.
    """

    school: School
    link: Link
    direction: Direction
    contract: int | None
    required: float | None
    verdict: Verdict
    reason: Text
    window: Window
    delivery: Delivery
    method: str
    median: float | None = None
    p10: float | None = None
    n: int = 0
    days: int = 0
    bounds: int = 0
    since: datetime | None = None
    until: datetime | None = None
    coverage: float | None = None
    newest: datetime | None = None
    by_day: tuple[Day, ...] = ()
    vantage: Text | None = None

    @property
    def share(self) -> float | None:
        """The median as a share of the contract."""
        return None if self.median is None or not self.contract else self.median / self.contract

    @property
    def worst_days(self) -> list[Day]:
        """Those whose median stays below what is required, the worst first."""
        below = [d for d in self.by_day if self.required is not None and d.median < self.required]
        return sorted(below, key=lambda d: (d.median, d.day))


def findings(schools: Sequence[School], scene: Scene) -> tuple[LineFinding, ...]:
    """Every primary line and education-network line, by school; upload where it is contracted."""
    return tuple(found for school in schools for found in _of_school(school, scene))


def _of_school(school: School, scene: Scene) -> Iterator[LineFinding]:
    for link in school.links:
        line = _TARGETS.get(link.role)
        if line is None:
            continue
        alone = sum(other.role == link.role for other in school.links) == 1
        yield _find(school, link, "down", line, alone, scene)
        if link.contract_up_bits_per_second is not None:
            yield _find(school, link, "up", line, alone, scene)


def _find(
    school: School, link: Link, direction: Direction, line: Line, alone: bool, scene: Scene
) -> LineFinding:
    down = direction == "down"
    contract = link.contract_down_bits_per_second if down else link.contract_up_bits_per_second
    delivery = scene.lines.delivery
    sample = scene.capacity(school, direction, line) if alone else SEVERAL
    demand = Demand(Fraction(contract or 0), Operator.AT_LEAST, 1, delivery)
    leg = delivered_leg(demand, sample, 1)
    verdict, reason = leg.verdict, _reason(leg, contract, demand, sample)
    if contract is None:
        verdict = Verdict.UNDETERMINED
    found = LineFinding(
        school=school,
        link=link,
        direction=direction,
        contract=contract,
        required=None if contract is None else float(demand.delivered_value),
        verdict=verdict,
        reason=reason,
        window=scene.window,
        delivery=delivery,
        method=leg.evidence.method,
    )
    return found if isinstance(sample, Text) else _with_evidence(found, sample)


def _with_evidence(found: LineFinding, sample: Sample) -> LineFinding:
    return replace(
        found,
        median=sample.median_of_valid,
        p10=p10(sample.valid),
        n=len(sample.valid),
        days=sample.valid_days,
        bounds=len(sample.bounds),
        since=sample.since,
        until=sample.until,
        coverage=sample.coverage,
        newest=sample.newest,
        by_day=sample.by_day,
        vantage=sample.vantage,
    )


def p10(values: Sequence[float]) -> float | None:
    """What nine tenths of the values reach (type 7 of Hyndman and Fan); None without any."""
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=10, method="inclusive")[0]


def _reason(leg: Leg, contract: int | None, demand: Demand, sample: Sample | Text) -> Text:
    if contract is None:
        return NO_CONTRACT
    if leg.verdict is Verdict.UNDETERMINED or leg.value is None or isinstance(sample, Text):
        return leg.reason
    has, asked = show_both(leg.value, _UNIT), show_both(contract, _UNIT)
    share = show_both(leg.value / contract, Unit.RATIO) if contract else Text("—", "—")
    granted = show_both(demand.delivery.tolerance, Unit.RATIO)
    n, days = len(sample.valid), sample.valid_days
    if leg.verdict is Verdict.MET:
        return Text(
            f"合同 {asked.zh}，实测中位数 {has.zh}，为合同的 {share.zh}；{granted.zh} 以上算达到。",
            f"Contracted {asked.en}, measured median {has.en}, which is {share.en} of it; "
            f"{granted.en} is enough.",
        )
    return Text(
        f"合同 {asked.zh}，实测中位数只有 {has.zh}，为合同的 {share.zh}，低于 {granted.zh}"
        f"（{days} 个上课日 {n} 次有效测量）。",
        f"Contracted {asked.en}, measured median only {has.en}, which is {share.en} of it and less "
        f"than {granted.en} ({n} valid readings on {days} school days).",
    )
