"""The days of a line as bars against its contract: an SVG without script or style attribute."""

from __future__ import annotations

from math import ceil

from markupsafe import Markup

from collector.judge.line import LineFinding
from collector.web.chart import value_ticks
from collector.web.reader import Reader
from config.quantity import show

WIDTH, HEIGHT = 760, 240
LEFT, RIGHT, TOP, BOTTOM = 8, 152, 26, 34
_WIDEST, _LABEL = 34.0, 48.0


def draw(found: LineFinding, id: str, reader: Reader) -> Markup | None:
    """A bar for each school day with readings, up to its median; None without any."""
    if not found.by_day:
        return None
    top = value_ticks(max(d.median for d in found.by_day), float(found.contract or 0))[-1]
    step = (WIDTH - LEFT - RIGHT) / len(found.by_day)
    title = reader.either("每个上课日的实测中位数", "Measured median of each school day")
    return Markup(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" '
        'role="img" aria-labelledby="{id}-title" font-size="13">'
        '<title id="{id}-title">{title}</title>{bars}{axis}{bounds}</svg>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        id=id,
        title=title,
        bars=Markup("").join(_bars(found, top, step)),
        axis=_axis(),
        bounds=Markup("").join(_bounds(found, top, reader)),
    )


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, top) / top, 1)


def _bars(found: LineFinding, top: float, step: float) -> list[Markup]:
    width = min(_WIDEST, step * 0.72)
    every = ceil(_LABEL / step)
    drawn = []
    for number, day in enumerate(found.by_day):
        middle = LEFT + step * (number + 0.5)
        y = _y(day.median, top)
        low = found.required is not None and day.median < found.required
        drawn.append(
            Markup(
                '<rect class="bar {look}" x="{x}" y="{y}" width="{w}" height="{h}" rx="2" '
                'fill="{fill}"><title>{day:%Y-%m-%d}</title></rect>'
            ).format(
                look="low" if low else "good",
                fill="#a51d16" if low else "#17663f",
                x=round(middle - width / 2, 1),
                y=y,
                w=round(width, 1),
                h=round(HEIGHT - BOTTOM - y, 1),
                day=day.day,
            )
        )
        if number % every == 0:
            drawn.append(
                Markup('<text x="{x}" y="{y}" text-anchor="middle">{day}</text>').format(
                    x=round(middle, 1), y=HEIGHT - 12, day=f"{day.day.month}-{day.day.day}"
                )
            )
    return drawn


def _axis() -> Markup:
    return Markup('<line class="axis" x1="{a}" x2="{b}" y1="{y}" y2="{y}" stroke="#666"/>').format(
        a=LEFT, b=WIDTH - RIGHT, y=HEIGHT - BOTTOM
    )


def _bounds(found: LineFinding, top: float, reader: Reader) -> list[Markup]:
    """The contract and what of it is asked, as lines with their words at the right."""
    if found.contract is None or found.required is None:
        return []
    words = (
        (float(found.contract), reader.either("合同", "contract"), "", 2),
        (found.required, reader.either("要求", "asked"), "6 4", 10),
    )
    return [
        Markup(
            '<line class="bound" x1="{a}" x2="{b}" y1="{y}" y2="{y}" stroke="#1c5fb8" '
            'stroke-width="1.6" stroke-dasharray="{dash}"/>'
            '<text x="{x}" y="{ty}">{word} {rate}</text>'
        ).format(
            a=LEFT,
            b=WIDTH - RIGHT,
            y=_y(value, top),
            dash=dash,
            x=WIDTH - RIGHT + 8,
            ty=_y(value, top) + offset,
            word=word,
            rate=show(value, "bits_per_second", reader.language),
        )
        for value, word, dash, offset in words
    ]
