"""A county in lines: everything that the collector can tell an engine, for half an hour.

Two cities, four schools, a gateway and a PC in each. Every code of every state is said somewhere,
every metric of the catalog is measured by every machine and falls, and every period has readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from collector.export.line import line
from collector.export.stored import StoredLines
from collector.store import PeriodKind, SchoolPeriod
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from config import measurement as m
from grafana import words
from probes.catalog import AnyProbe, discover
from probes.model import Metric, Unit
from tests.collector.store.stock import stock

MINUTES = 30
COUNTIES = {"340199": "340100", "340123": "340100", "610102": "610100"}
SCHOOLS = {"9934000001": "340199", "9934000002": "340199", "9934000003": "340123",
           "9961000001": "610102"}  # fmt: skip
ROLES = ("gateway", "pc")
PERIODS: tuple[PeriodKind, ...] = ("lesson", "break", "school_day", "off")


@dataclass(frozen=True, slots=True)
class Told:
    """What an engine is given, and the time that it is about."""

    lines: bytes
    since: datetime
    until: datetime


def told(folder: Path) -> Told:
    """Ends a minute ago, since VictoriaMetrics hides what is newer than half a minute."""
    until = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    since = until - timedelta(minutes=MINUTES)
    moments = [since + timedelta(minutes=n) for n in range(MINUTES + 1)]
    found = [text for n, at in enumerate(moments) for text in _minute(n, at)]
    return Told("\n".join([*found, *_readings(moments, folder)]).encode(), since, until)


def _minute(number: int, at: datetime) -> Iterator[str]:
    yield line(m.PLATFORM, {}, {field.name: number for field in m.PLATFORM.fields}, at)
    yield from _areas(at)
    for order, (school, county) in enumerate(SCHOOLS.items()):
        where = {"county": county, "school": school}
        yield from _facts(where, at)
        yield from _judged(where, order, at)
        yield from _alarms(where, order, number, at)


def _readings(moments: Sequence[datetime], folder: Path) -> list[str]:
    """Of every machine and probe in each minute, stored and told as the collector does it."""
    catalog = discover()
    house = Storehouse(folder, catalog, lambda: 0)
    readings = [
        _reading(probe, school, role, 1 - (number + 1) / (MINUTES + 2), at)
        for number, at in enumerate(moments)
        for school in SCHOOLS
        for role in ROLES
        for probe in catalog.values()
    ]
    stock(house, readings)
    house.store.set_periods([p for school in SCHOOLS for p in _periods(school, moments)])
    stored = StoredLines(catalog, house.cursor(), house.views, house.archive, house.timetable)
    stored.set_counties(SCHOOLS)
    sent, found = stored.tail(0)
    while (further := stored.tail(sent))[0] != sent:
        sent, found = further[0], found + further[1]
    house.close()
    assert len(found) == len(readings)
    return found


def _periods(school: str, moments: Sequence[datetime]) -> Iterator[SchoolPeriod]:
    for at, period in zip(moments, cycle(PERIODS), strict=False):
        yield SchoolPeriod(school, at, at + timedelta(minutes=1), period)


def _facts(where: dict[str, str], at: datetime) -> Iterator[str]:
    county, school = where["county"], where["school"]
    city = COUNTIES[county]
    labels = {
        "city": city,
        "city_label": _label("市", city),
        "county_label": _label("县", county),
        "school_label": _label("望江 小学, 东校区", school),
    }
    facts = {field.name: 12.0 for field in m.SCHOOL_FACTS.fields}
    yield line(m.SCHOOL_FACTS, {**where, **labels}, facts, at)
    for role in ROLES:
        agent = f"{role}-{school}"
        tags = {**where, "agent": agent, "agent_label": _label("电脑", agent), "role": role}
        fields = {"heard_age_seconds": 12.0, "batches_waiting_count": 0.0}
        yield line(m.AGENT_FACTS, tags, fields, at)


def _areas(at: datetime) -> Iterator[str]:
    for target in words.targets():
        fields = {field.name: 0.5 for field in m.AREA_VERDICT.fields}
        fields |= {"verdict_code": 2.0, "due_seconds": 1609372800.0}
        yield line(m.AREA_VERDICT, {"region": "3401", "target_value": target}, fields, at)


def asked() -> list[words.Demand]:
    """What a school has one verdict about each."""
    return [*(demand for demand in words.demands() if demand.measured), *words.plans()]


def _judged(where: dict[str, str], order: int, at: datetime) -> Iterator[str]:
    figures = {"value": 9e6, "required": 10e6, "evidence_count": 20.0, "coverage_ratio": 0.9}
    units = cycle(words.asked_units("target"))
    for number, (demand, unit) in enumerate(zip(asked(), units, strict=False)):
        target = list(demand.targets)[order % len(demand.targets)]
        tags = {**where, "target_value": target, "unit": unit}
        code = {"verdict_code": float((number + order) % len(m.VERDICTS))}
        yield line(m.VERDICT, tags, code | figures, at)
        yield line(m.LEG, {**tags, "leg": "contract"}, code | figures, at)
    lines = {field.name: 9e7 for field in m.LINE.fields}
    lines |= {"verdict_code": float(order % 3), "share_ratio": 0.9}
    label = _label("望江 小学 主线 下行", f"{where['school']}/wan/down")
    tags = {**where, "line_label": label, "direction": "down", "provider": "示例 电信"}
    yield line(m.LINE, tags, lines, at)
    duties = [*words.duties(), *(f"duty.other_{n}" for n in range(len(m.DUTIES)))]
    for (number, duty), unit in zip(
        enumerate(duties), cycle(words.asked_units("duty")), strict=False
    ):
        tags = {**where, "duty": duty, "unit": unit}
        code = {"duty_code": float((number + order) % len(m.DUTIES)), "advice": 0.0}
        yield line(m.DUTY, tags, code | figures, at)
    for unit in Unit:
        observed = {name: value for name, value in figures.items() if name != "required"}
        tags = {**where, "indicator": f"figure_in_{unit}", "unit": unit}
        yield line(m.FIGURE, tags, observed, at)


def _alarms(where: dict[str, str], order: int, number: int, at: datetime) -> Iterator[str]:
    watched = {**where, "agent": f"gateway-{where['school']}", "target": "collector"}
    for place, threshold in enumerate(words.alerts()):
        code = float((place + order) % len(m.STATES))
        tags = {**watched, "threshold": threshold, "unit": "ratio"}
        yield line(m.STATE, tags, {"state_code": code, "value": 0.5}, at)
        if number % 10 == place:
            flipped = {**tags, "before": "up", "after": "down", "reason": "bound"}
            fields = {"state_code": 0.0, "value": 0.9, "bound": 0.8, "held_seconds": 300.0}
            yield line(m.FLIP, flipped, fields | {"evidence_count": 5.0}, at)
    for severity, still_open in (("down", 1.0), ("degraded", 0.0)):
        fields = {"open": still_open, "acknowledged": 0.0, "age_seconds": 60.0, "flips_count": 2.0}
        yield line(m.INCIDENT, {**where, "cause": "line", "severity": severity}, fields, at)


def _reading(probe: AnyProbe, school: str, role: str, height: float, at: datetime) -> StoredReading:
    """`height`: of each value, between the least and the largest that its metric may have."""
    return StoredReading(
        probe=probe.name,
        at=at,
        school=school,
        agent=f"{role}-{school}",
        target="collector" if probe.aimed else "local",
        labels={name: "all" if name == m.DEVICE_LABEL else f"{name} 1" for name in probe.labels},
        values={metric.name: _value(metric, height) for metric in probe.measures},
    )


def _value(metric: Metric, height: float) -> float:
    if metric.minimum is None:
        return height
    top = metric.minimum + 1 if metric.maximum is None else metric.maximum
    return metric.minimum + (top - metric.minimum) * height


def _label(title: str, code: str) -> str:
    return f"{title}{m.LABEL_SEPARATOR}{code}"
