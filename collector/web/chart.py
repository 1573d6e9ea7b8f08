"""A chart of rates over time as an SVG string: no script, no style attribute, no font of its own.

Where there is no reading there is no line. Colours come from the page's style sheet by class, and
stand in presentation attributes too, so that the picture can be read alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from math import ceil, floor, log10

from markupsafe import Markup

from config.quantity import show
from probes.model import Unit
from probes.text import Language

WIDTH, HEIGHT = 760, 280
LEFT, RIGHT, TOP, BOTTOM = 22, 84, 34, 42
"""Values stand on the right: on a phone the chart is wider than the screen, and the newest part of
it is what is in view."""
_LEGEND_STEP = 92
_TICK_HOURS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """`points`: (begin of the step, value). `look` is a key of LOOKS."""

    name: str
    look: str
    points: Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time to shade."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn over [since, until); a value stands for one `step`.

    Attributes:
        id: unique on its page; ASCII letters, digits and `-`.
        description: what a reader who does not see the picture should know.
        band_name: what the shading means.
        least_top: the value axis reaches at least here, so that idle noise looks idle.
    """

    id: str
    title: str
    description: str
    since: datetime
    until: datetime
    step: timedelta
    zone: tzinfo
    unit: Unit
    language: Language
    lines: Sequence[Line]
    bands: Sequence[Band] = ()
    band_name: str = ""
    least_top: float = 0.0


LOOKS = {"down": ("#1c5fb8", ""), "up": ("#b3540a", "7 4")}
"""Colour and dashes: the lines differ also in grey."""


def draw(chart: Chart) -> Markup:
    """The <svg> element. All words in it are escaped."""
    values = [value for line in chart.lines for _, value in line.points]
    ticks = value_ticks(max(values, default=0.0), chart.least_top)
    scale = _Scale(chart, ticks[-1])
    return Markup(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" role="img" '
        'aria-labelledby="{id}-title {id}-desc" font-size="13">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{desc}</desc>{inside}</svg>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        id=chart.id,
        title=chart.title,
        desc=chart.description,
        inside=Markup("").join(
            [
                *_bands(chart, scale),
                *_value_axis(chart, ticks, scale),
                *_time_axis(chart, scale),
                *(_curve(line, chart.step, scale) for line in chart.lines),
                *_legend(chart),
            ]
        ),
    )


def value_ticks(largest: float, least_top: float = 0.0) -> list[float]:
    """From 0 to at least `largest` and `least_top`, three to six round numbers; to 1 for 0."""
    top = max(largest, least_top) or 1.0
    rough = top / 4
    magnitude = 10.0 ** floor(log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    return [i * step for i in range(ceil(top / step * 0.999) + 1)]


def hour_ticks(since: datetime, until: datetime, zone: tzinfo) -> list[datetime]:
    """Every third hour of the local clock in [since, until]."""
    # Counted in UTC, begun at a full local hour: zones may differ by half hours, and change.
    at = since.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    found = []
    while at <= until:
        if at >= since and at.astimezone(zone).hour % _TICK_HOURS == 0:
            found.append(at)
        at += timedelta(hours=1)
    return found


def runs(
    points: Sequence[tuple[datetime, float]], step: timedelta
) -> Iterator[list[tuple[datetime, float]]]:
    """Stretches without a missing step."""
    run = list(points[:1])
    for before, point in pairwise(points):
        if point[0] - before[0] > step * 1.5:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


class _Scale:
    """From instants and values to the picture's own units."""

    def __init__(self, chart: Chart, highest: float) -> None:
        self._chart = chart
        self._highest = highest

    def x(self, at: datetime) -> float:
        share = (at - self._chart.since) / (self._chart.until - self._chart.since)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - value / self._highest * (HEIGHT - TOP - BOTTOM), 1)


def _bands(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    for band in chart.bands:
        left, right = scale.x(band.since), scale.x(band.until)
        if right > left:
            yield Markup(
                '<rect class="band" x="{}" y="{}" width="{}" height="{}" fill="#7a8aa0" '
                'fill-opacity="0.22"/>'
            ).format(left, TOP, round(right - left, 1), HEIGHT - TOP - BOTTOM)


def _value_axis(chart: Chart, ticks: Iterable[float], scale: _Scale) -> Iterator[Markup]:
    for tick in ticks:
        y = scale.y(tick)
        yield Markup(
            '<path class="grid" d="M{} {}H{}" stroke="#c5ccd6" stroke-width="1" fill="none"/>'
            '<text class="tick" x="{}" y="{}" text-anchor="start">{}</text>'
        ).format(
            LEFT,
            y,
            WIDTH - RIGHT,
            WIDTH - RIGHT + 8,
            y + 4.5,
            show(tick, chart.unit, chart.language) if tick else "0",
        )


def _time_axis(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    bottom = HEIGHT - BOTTOM
    for at in hour_ticks(chart.since, chart.until, chart.zone):
        x, local = scale.x(at), at.astimezone(chart.zone)
        yield Markup(
            '<path class="axis" d="M{} {}v5" stroke="#66707d" fill="none"/>'
            '<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>'
        ).format(x, bottom, x, bottom + 19, f"{local:%H:%M}")
        if local.hour == 0:
            yield Markup(
                '<path class="axis" d="M{} {}V{}" stroke="#66707d" stroke-dasharray="2 3" '
                'fill="none"/><text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>'
            ).format(x, TOP, bottom, x, bottom + 35, f"{local:%m-%d}")


def _curve(line: Line, step: timedelta, scale: _Scale) -> Markup:
    """One path; a step that stands alone becomes a dot, by the round end of a line of no length."""
    pieces = []
    for run in runs(line.points, step):
        places = [f"{scale.x(at + step / 2)} {scale.y(value)}" for at, value in run]
        pieces.append("M" + "L".join(places) + ("" if len(places) > 1 else "h0"))
    colour, dashes = LOOKS[line.look]
    dashed = Markup(' stroke-dasharray="{}"').format(dashes) if dashes else ""
    return Markup(
        '<path class="line {}" d="{}" fill="none" stroke="{}" stroke-width="2" '
        'stroke-linejoin="round" stroke-linecap="round"{}/>'
    ).format(line.look, "".join(pieces), colour, dashed)


def _legend(chart: Chart) -> Iterator[Markup]:
    x = WIDTH - RIGHT - _LEGEND_STEP * (len(chart.lines) + 1)
    for line in chart.lines:
        colour, dashes = LOOKS[line.look]
        dashed = Markup(' stroke-dasharray="{}"').format(dashes) if dashes else ""
        yield Markup(
            '<path class="line {}" d="M{} 15h26" stroke="{}" stroke-width="2" fill="none"{}/>'
            '<text class="legend" x="{}" y="19.5">{}</text>'
        ).format(line.look, x, colour, dashed, x + 33, line.name)
        x += _LEGEND_STEP
    if chart.bands and chart.band_name:
        yield Markup(
            '<rect class="band" x="{}" y="9" width="26" height="12" fill="#7a8aa0" '
            'fill-opacity="0.22"/><text class="legend" x="{}" y="19.5">{}</text>'
        ).format(x, x + 33, chart.band_name)
