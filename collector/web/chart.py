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
LEFT, RIGHT, TOP, BOTTOM = 84, 14, 34, 42
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


LOOKS = {"down": ("#1c5fb8", ""), "up": ("#b3540a", "7 4")}
"""Colour and dashes: the lines differ also in grey."""


def draw(chart: Chart) -> Markup:
    """The <svg> element. All words in it are escaped."""
    ticks = value_ticks(max((v for line in chart.lines for _, v in line.points), default=0.0))
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


def value_ticks(largest: float) -> list[float]:
    """From 0 to at least `largest`, three to six round numbers; to 1 when all is 0."""
    rough = (largest if largest > 0 else 1.0) / 4
    magnitude = 10.0 ** floor(log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    return [i * step for i in range(max(2, ceil(largest / step * 0.999)) + 1)]


def hour_ticks(since: datetime, until: datetime, zone: tzinfo) -> list[datetime]:
    """Every third hour of the local clock in [since, until]."""
    at = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
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
                'fill-opacity="0.16"/>'
            ).format(left, TOP, round(right - left, 1), HEIGHT - TOP - BOTTOM)


def _value_axis(chart: Chart, ticks: Iterable[float], scale: _Scale) -> Iterator[Markup]:
    for tick in ticks:
        y = scale.y(tick)
        yield Markup(
            '<path class="grid" d="M{} {}H{}" stroke="#c5ccd6" stroke-width="1" fill="none"/>'
            '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(
            LEFT,
            y,
            WIDTH - RIGHT,
            LEFT - 8,
            y + 4.5,
            show(tick, chart.unit, chart.language) if tick else "0",
        )


def _time_axis(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    bottom = HEIGHT - BOTTOM
    for at in hour_ticks(chart.since, chart.until, chart.zone):
        x, local = scale.x(at), at.astimezone(chart.zone)
        anchor = "end" if x > WIDTH - RIGHT - 16 else "middle"
        yield Markup(
            '<path class="axis" d="M{} {}v5" stroke="#66707d" fill="none"/>'
            '<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>'
        ).format(x, bottom, x, bottom + 19, anchor, f"{local:%H:%M}")
        if local.hour == 0:
            yield Markup(
                '<path class="axis" d="M{} {}V{}" stroke="#66707d" stroke-dasharray="2 3" '
                'fill="none"/><text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>'
            ).format(x, TOP, bottom, x, bottom + 35, anchor, f"{local:%m-%d}")


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
    x = LEFT
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
            'fill-opacity="0.16"/><text class="legend" x="{}" y="19.5">{}</text>'
        ).format(x, x + 33, chart.band_name)
