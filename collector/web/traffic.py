"""What went over a school's gateway in the last day, ready to be drawn: use, not capacity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from collector.register.model import Agent, School
from collector.store import MetricRef, Statistic
from collector.web.chart import Band, Chart, Line, draw
from collector.web.reader import Reader
from collector.web.showing import Showing
from config.strict import PolicyError
from probes.model import Role, Unit

DOWN = MetricRef("interface_rate", "received_bits_per_second")
UP = MetricRef("interface_rate", "sent_bits_per_second")
INTERFACE = "interface"
DAY = timedelta(days=1)
STEP = timedelta(minutes=5)
MOST_CHARTS = 3
LEAST_TOP = 1e6
"""bit/s; less than this is an idle line, and looks it."""

Points = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Flow:
    """One interface of one gateway; the mean of each step that has a reading, in bit/s."""

    agent: Agent
    interface: str
    since: datetime
    until: datetime
    down: Points
    up: Points

    @property
    def volume(self) -> float:
        return sum(value for _, value in self.down + self.up)

    @property
    def silent(self) -> timedelta:
        """How much of the time has no reading."""
        seen = {at for at, _ in self.down} | {at for at, _ in self.up}
        return max(timedelta(), self.until - self.since - STEP * len(seen))


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn chart with the figures that stand beneath it."""

    flow: Flow
    svg: Markup
    down_mean: float | None
    down_peak: float | None
    up_mean: float | None
    up_peak: float | None


def flows(showing: Showing, school: School, agents: Sequence[Agent], now: datetime) -> list[Flow]:
    """Per gateway and interface, the busiest first; empty without gateway or readings."""
    gateways = {a.id: a for a in agents if a.role is not Role.PC}
    if DOWN.probe not in showing.catalog or not gateways:
        return []
    until = _step_after(now)
    since = until - DAY
    where = {"school": school.code, "agent": tuple(gateways)}
    found: dict[tuple[str, ...], tuple[Points, Points]] = defaultdict(lambda: ([], []))
    for direction, metric in enumerate((DOWN, UP)):
        for point in showing.store.series(
            metric, Statistic("mean"), ("agent", INTERFACE), STEP, since, until, where
        ):
            found[point.key][direction].append((point.at, point.value))
    made = [
        Flow(gateways[agent], interface, since, until, down, up)
        for (agent, interface), (down, up) in found.items()
    ]
    return sorted(made, key=lambda flow: -flow.volume)


def lessons(showing: Showing, school: School, since: datetime, until: datetime) -> list[Band]:
    """The school's lessons; none if there is no such calendar, which a notice says elsewhere."""
    try:
        stretches = showing.calendar.expand(school.calendar, since, until, school.time_zone)
    except PolicyError:
        return []
    return [Band(begin, end) for begin, end, kind in stretches if kind == "lesson"]


def figure(
    flow: Flow, number: int, bands: Sequence[Band], school: School, reader: Reader
) -> Figure:
    """Draw `flow`; `number` tells the charts of one page apart."""
    t, show = reader.either, reader.show
    (down_mean, down_peak), (up_mean, up_peak) = _mean_and_peak(flow.down), _mean_and_peak(flow.up)
    bits = Unit.BITS_PER_SECOND
    chart = Chart(
        id=f"traffic-{number}",
        title=t(
            f"接口 {flow.interface} 最近一天的速率", f"{flow.interface}: rates of the last day"
        ),
        description=t(
            f"下行平均 {show(down_mean, bits)}，最高 {show(down_peak, bits)}；"
            f"上行平均 {show(up_mean, bits)}，最高 {show(up_peak, bits)}；每点为五分钟平均。",
            f"Down: mean {show(down_mean, bits)}, peak {show(down_peak, bits)}. "
            f"Up: mean {show(up_mean, bits)}, peak {show(up_peak, bits)}. Means of five minutes.",
        ),
        since=flow.since,
        until=flow.until,
        step=STEP,
        zone=ZoneInfo(school.time_zone),
        unit=bits,
        language=reader.language,
        lines=[
            Line(t("下行", "down"), "down", flow.down),
            Line(t("上行", "up"), "up", flow.up),
        ],
        bands=bands,
        band_name=t("上课", "lesson"),
        least_top=LEAST_TOP,
    )
    return Figure(flow, draw(chart), down_mean, down_peak, up_mean, up_peak)


def _mean_and_peak(points: Points) -> tuple[float | None, float | None]:
    values = [value for _, value in points]
    if not values:
        return None, None
    return sum(values) / len(values), max(values)


def _step_after(now: datetime) -> datetime:
    """The end of the step that `now` lies in; steps count from the hour."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour + ((now - hour) // STEP + 1) * STEP
