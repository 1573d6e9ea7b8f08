"""A school's lines against their contracts, for the page that a contract manager sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from collector.judge.capacity import Day
from collector.judge.judge import COUNTRY_ZONE, Judgement, last_day
from collector.judge.line import LineFinding
from collector.register.model import School
from collector.web.line_chart import draw
from collector.web.reader import Reader
from collector.web.showing import Showing

MONTHS = 6
"""So many past months are offered; readings are kept for little longer."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One direction of one line, with its picture; `worst` are the days below what is required."""

    found: LineFinding
    svg: Markup | None
    worst: Sequence[Day]


@dataclass(frozen=True, slots=True)
class LineView:
    """All that the page shows. `month` is empty for the last thirty days."""

    school: School
    month: str
    months: tuple[str, ...]
    lines: tuple[Evidence, ...]


def lines_of(judgement: Judgement | None, school: str) -> tuple[LineFinding, ...]:
    found = judgement.lines if judgement else ()
    return tuple(line for line in found if line.school.code == school)


def past_months(today: date) -> tuple[str, ...]:
    """The newest first."""
    found, day = [], today
    for _ in range(MONTHS):
        day = day.replace(day=1) - timedelta(days=1)
        found.append(f"{day:%Y-%m}")
    return tuple(found)


def line_view(
    showing: Showing, judgement: Judgement | None, school: School, month: str, reader: Reader
) -> LineView | None:
    """None for a month that is none, or not over. Asks the store for a month; blocks."""
    today = reader.now.astimezone(COUNTRY_ZONE).date()
    found: Sequence[LineFinding] = lines_of(judgement, school.code)
    if month:
        day = last_day(month, today)
        if day is None:
            return None
        found = showing.lines(day, school.code)
    lines = [
        Evidence(line, draw(line, f"line-{n}", reader), line.worst_days)
        for n, line in enumerate(found)
    ]
    return LineView(school, month, past_months(today), tuple(lines))
