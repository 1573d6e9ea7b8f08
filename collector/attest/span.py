"""The stretch of time that a signature is for: 2026, 2026-H2, 2026-Q4, 2026-11, or a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from config.duty import Period
from probes.text import BanjunError, Text

_ONE_DAY = timedelta(days=1)
_SHAPES = {
    Period.ONCE: re.compile(r""),
    Period.MONTH: re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    Period.QUARTER: re.compile(r"(\d{4})-Q([1-4])"),
    Period.HALF_YEAR: re.compile(r"(\d{4})-H([12])"),
    Period.YEAR: re.compile(r"(\d{4})"),
    Period.TWO_YEARS: re.compile(r"(\d{4})"),
    Period.EVENT: re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
}
_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.HALF_YEAR: 6}
_YEARLY = (Period.YEAR, Period.TWO_YEARS)


class SpanError(BanjunError):
    """What was given is no period of this kind, or one that has not begun."""


@dataclass(frozen=True, slots=True)
class Span:
    """`label` is how it is written; both days are in it. A thing done once has the day itself."""

    label: str
    first: date
    last: date


def span_of(period: Period, day: date) -> Span:
    """That in which the day lies. What is owed each two years is done in a year, and named so."""
    if period in _YEARLY:
        return Span(f"{day.year:04}", date(day.year, 1, 1), date(day.year, 12, 31))
    if period is Period.EVENT:
        return Span(day.isoformat(), day, day)
    if period is Period.ONCE:
        return Span("", day, day)
    length = _MONTHS[period]
    number = (day.month - 1) // length
    first = date(day.year, number * length + 1, 1)
    following = (first.replace(day=28) + timedelta(days=31 * length - 24)).replace(day=1)
    return Span(_label(period, day.year, number + 1), first, following - _ONE_DAY)


def _label(period: Period, year: int, number: int) -> str:
    sign = {Period.MONTH: f"{number:02}", Period.QUARTER: f"Q{number}"}.get(period, f"H{number}")
    return f"{year:04}-{sign}"


def read_span(period: Period, text: str, today: date) -> Span:
    """Of what a person wrote; empty means the one of today. Raises SpanError."""
    if not text or period is Period.ONCE:
        if text:
            raise _wrong(period, text, today)
        return span_of(period, today)
    match = _SHAPES[period].fullmatch(text)
    try:
        found = span_of(period, _day_in(period, match)) if match else None
    except ValueError:  # no such day
        found = None
    if found is None:
        raise _wrong(period, text, today)
    if found.first > today:
        raise SpanError(
            Text(
                f"时期 {text} 还没有开始，不能预先签署；今天可签 {span_of(period, today).label}。",
                f"The period {text} has not begun, and nothing can be signed for it; today that "
                f"is {span_of(period, today).label}.",
            )
        )
    return found


def _day_in(period: Period, match: re.Match[str]) -> date:
    year = int(match[1])
    if period in _YEARLY:
        return date(year, 1, 1)
    if period is Period.EVENT:
        return date(year, int(match[2]), int(match[3]))
    return date(year, (int(match[2]) - 1) * _MONTHS[period] + 1, 1)


def _wrong(period: Period, text: str, today: date) -> SpanError:
    example = span_of(period, today).label
    if not example:
        return SpanError(
            Text(
                f"时期“{text}”多余：这一项只签一次，不分时期；请去掉 --period。",
                f"The period {text!r} is too much: this is signed for once. Leave --period out.",
            )
        )
    return SpanError(
        Text(
            f"时期“{text}”不对，应写成 {example}。",
            f"The period {text!r} is not understood; write it like {example}.",
        )
    )
