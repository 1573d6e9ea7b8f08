"""The verdict about a school's bandwidth, as pure functions: a contract leg and a delivered leg.

Met if both pass, not met if either fails, else undetermined. Arithmetic is exact; floats are only
what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from collector.judge.capacity import CAPACITY, Sample
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.register.model import Link, School
from config.policy import Delivery, LinePolicy, Operator
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

NO_CLASSES = Text("没有班级，不适用。", "It has no classes; not applicable.")
CLASSES_UNKNOWN = Text(
    "登记册没有班级数，无法计算班均带宽。",
    "The register has no number of classes, so there is no bandwidth per class.",
)
NO_LINK = Text("登记册没有主用出口线路。", "The register has no primary line out of the school.")
NO_CONTRACT = Text("登记册没有合同带宽。", "The register has no contracted bandwidth.")
_OF_CONTRACT = Evidence(layer="contract", method="register")
_UNIT = Unit.BITS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked: `value` for each of `units`, the classes behind the line or 1 for the line."""

    value: Fraction
    operator: Operator
    units: int
    delivery: Delivery

    @property
    def total(self) -> Fraction:
        return self.value * self.units

    @property
    def delivered_value(self) -> Fraction:
        return self.value * self.delivery.tolerance

    @property
    def least_rate(self) -> int:
        """The smallest whole number of bits a second that satisfies it: 超过 wants one more."""
        exact = self.operator is Operator.MORE_THAN
        return floor(self.total) + 1 if exact else ceil(self.total)


def primary_links(school: School) -> tuple[Link, ...]:
    """The lines that add up; a backup or a private network does not."""
    return tuple(link for link in school.links if link.role == "primary")


def classes_behind(school: School) -> int | None:
    """All classes that share the primary lines, of other schools and campuses too.

    None when the school's own are not known; 0 when it has none of its own.
    """
    own = school.own_classes
    if not own:
        return own
    return own + sum(link.shared_classes for link in primary_links(school))


def contract_leg(demand: Demand, contracts: Sequence[int | None]) -> Leg:
    """What the primary lines are contracted for. A line without a contract can only add to it."""
    known = [rate for rate in contracts if rate is not None]
    complete = len(known) == len(contracts) > 0
    each = Fraction(sum(known), demand.units)
    leg = Leg(
        name=LegName.CONTRACT,
        verdict=Verdict.UNDETERMINED,
        value=float(each) if complete else None,
        required=float(demand.value),
        unit=_UNIT,
        reason=NO_CONTRACT if contracts else NO_LINK,
        evidence=replace(_OF_CONTRACT, n=len(known)),
    )
    if known and demand.operator.holds(each, demand.value):
        return replace(
            leg, verdict=Verdict.MET, value=float(each), reason=_contracted(each, demand)
        )
    if complete:
        return replace(leg, verdict=Verdict.NOT_MET, reason=_contracted(each, demand))
    return leg


def _contracted(each: Fraction, demand: Demand) -> Text:
    has, asked = show_both(each, _UNIT), show_both(demand.value, _UNIT)
    return Text(
        f"合同带宽 {has.zh}，要求{_WORDS[demand.operator].zh} {asked.zh}。",
        f"Contracted {has.en}; {_WORDS[demand.operator].en} {asked.en} is required.",
    )


_WORDS: dict[Operator, Text] = {
    Operator.AT_LEAST: Text("不低于", "at least"),
    Operator.MORE_THAN: Text("超过", "more than"),
    Operator.AT_MOST: Text("不高于", "at most"),
    Operator.LESS_THAN: Text("低于", "less than"),
}


def delivered_leg(demand: Demand, sample: Sample | Text, links: int) -> Leg:
    """What the readings say arrives; a Text is why there are none.

    With several lines a reading is of one of them, and only bounds what they bring together.
    """
    leg = Leg(
        name=LegName.DELIVERED,
        verdict=Verdict.UNDETERMINED,
        value=None,
        required=float(demand.delivered_value),
        unit=_UNIT,
        reason=sample if isinstance(sample, Text) else Text("", ""),
        evidence=Evidence(layer="ip", method=str(CAPACITY)),
    )
    if isinstance(sample, Text):
        return leg
    if links > 1:
        sample = replace(sample, bounds=[*sample.valid, *sample.bounds], valid=(), valid_days=0)
    verdict, reading, reason = _weigh(demand, sample, links)
    return replace(
        leg,
        verdict=verdict,
        value=None if reading is None else reading / demand.units,
        reason=reason,
        evidence=Evidence(
            layer="ip",
            method=str(CAPACITY),
            n=len(sample.valid) + len(sample.bounds),
            days=sample.all_days,
            since=sample.since,
            until=sample.until,
            coverage=sample.coverage,
            newest=sample.newest,
            vantage=sample.vantage,
        ),
    )


def _weigh(demand: Demand, sample: Sample, links: int) -> tuple[Verdict, float | None, Text]:
    """The verdict, the median it rests on, and why. A lower bound proves met, never not met."""
    delivery = demand.delivery
    enough_valid = _is_enough(delivery, len(sample.valid), sample.valid_days)
    enough = _is_enough(delivery, len(sample.valid) + len(sample.bounds), sample.all_days)
    valid, every = sample.median_of_valid, sample.median_of_all
    if enough_valid and valid is not None and _reaches(demand, valid):
        return Verdict.MET, valid, _median(demand, valid, sample)
    if enough and every is not None and _reaches(demand, every):
        return Verdict.MET, every, _bounded(demand, every, sample)
    if enough_valid and valid is not None:
        return Verdict.NOT_MET, valid, _median(demand, valid, sample)
    if enough and links > 1:
        return Verdict.UNDETERMINED, None, _several_lines(links)
    return Verdict.UNDETERMINED, valid, _too_few(delivery, sample)


def _is_enough(delivery: Delivery, readings: int, days: int) -> bool:
    return readings >= delivery.minimum_readings and days >= delivery.minimum_days


def _reaches(demand: Demand, reading: float) -> bool:
    # The tolerance is this project's, so its bound is included also under 超过.
    return Fraction(reading) >= demand.delivered_value * demand.units


def _median(demand: Demand, reading: float, sample: Sample) -> Text:
    has = show_both(reading / demand.units, _UNIT)
    asked = show_both(demand.delivered_value, _UNIT)
    share = show_both(demand.delivery.tolerance, Unit.RATIO)
    n, days = len(sample.valid), sample.valid_days
    return Text(
        f"实测中位数 {has.zh}（{days} 个上课日 {n} 次），"
        f"要求不低于 {asked.zh}（目标值的 {share.zh}）。",
        f"Measured median {has.en} ({n} readings on {days} school days); at least {asked.en} "
        f"({share.en} of the value) is required.",
    )


def _bounded(demand: Demand, reading: float, sample: Sample) -> Text:
    has, asked = (show_both(v, _UNIT) for v in (reading / demand.units, demand.delivered_value))
    n = len(sample.valid) + len(sample.bounds)
    return Text(
        f"{n} 次测量表明实际带宽至少为 {has.zh}，已达到要求的 {asked.zh}。",
        f"{n} readings show at least {has.en}, which is enough for the {asked.en} required.",
    )


def _several_lines(links: int) -> Text:
    return Text(
        f"学校有 {links} 条主用线路，测量只反映其中一条，不足以判定合计带宽。",
        f"The school has {links} primary lines and a reading is of one of them; "
        "their sum cannot be judged from it.",
    )


def _too_few(delivery: Delivery, sample: Sample) -> Text:
    n, days, instead = len(sample.valid), sample.valid_days, sample.instead
    wanted, on = delivery.minimum_readings, delivery.minimum_days
    if instead is not None and not sample.valid and not sample.bounds:
        return instead
    more = Text("", "") if instead is None else Text(instead.zh, f" {instead.en}")
    return Text(
        f"有效测量太少：{days} 个上课日 {n} 次，至少需要 {on} 个上课日 {wanted} 次。{more.zh}",
        f"Too few valid readings: {n} on {days} school days; at least {wanted} on {on} are needed."
        f"{more.en}",
    )


def find(
    school: School,
    demand: Demand,
    down: Sample | Text,
    up: Sample | Text,
    classes: int | None,
    terms: LinePolicy = LinePolicy(),  # noqa: B008  frozen
) -> Finding:
    """The finding for one school. Download decides; upstream is shown beside it."""
    links = primary_links(school)
    contracts = [link.contract_down_bits_per_second for link in links]
    contract = contract_leg(demand, contracts)
    delivered = delivered_leg(demand, down, len(links))
    upstream = [link.contract_up_bits_per_second for link in links]
    verdict, reason = combine((contract, delivered))
    complete = None not in contracts and len(contracts) > 0
    total = sum(rate or 0 for rate in contracts)
    covered = contract.verdict is Verdict.MET
    # Offers are of one line; how several would share what is wanted is not for us to say.
    sold = demand.least_rate if covered or len(links) > 1 else terms.sold(demand.least_rate)
    return Finding(
        verdict=verdict,
        reason=reason,
        legs=(
            contract,
            delivered,
            _beside(contract_leg(demand, upstream), LegName.CONTRACT_UP),
            _beside(delivered_leg(demand, up, len(links)), LegName.DELIVERED_UP),
        ),
        classes=classes,
        contract_needed=sold,
        contract_gap=0 if covered else sold - total if complete else None,
    )


def _beside(leg: Leg, name: LegName) -> Leg:
    return replace(leg, name=name, decides=False)


def combine(legs: Sequence[Leg]) -> tuple[Verdict, Text]:
    """The verdict of the legs that decide, with the reasons of those that made it so."""
    deciding = [leg for leg in legs if leg.decides]
    for verdict in (Verdict.NOT_MET, Verdict.UNDETERMINED, Verdict.MET):
        reasons = [leg.reason for leg in deciding if leg.verdict is verdict]
        if reasons:
            return verdict, Text("".join(r.zh for r in reasons), " ".join(r.en for r in reasons))
    raise ValueError("a verdict needs a leg that decides")
