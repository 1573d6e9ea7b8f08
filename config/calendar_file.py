"""Reads calendar.toml into a `Calendar`; says which key is wrong. The format is explained there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from config.calendar import Bells, Calendar, MonthDay, Timetable
from config.policy_folder import POLICY_FOLDER, name_of
from config.public_holidays import PublicYear
from config.strict import Table, read_toml, revision_of

CALENDAR_FILE = POLICY_FOLDER / "calendar.toml"


def load_calendar(path: Path = CALENDAR_FILE) -> Calendar:
    """Read calendar.toml. Raises PolicyError naming file and key."""
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        notices = dict(_notice(table) for table in top.tables("notice", optional=True))
        timetables = {n: _timetable(n, t) for n, t in top.named_tables("calendar").items()}
    if "default" not in timetables:
        raise top.error("calendar", "缺少名为 default 的校历", "the calendar `default` is missing")
    return Calendar(timetables, notices, revision_of(data))


def _notice(table: Table) -> tuple[int, PublicYear]:
    with table:
        year = table.integer("year")
        off = [day for first, last in _spans(table, "off") for day in _days(first, last)]
        work = {}
        for row in table.tables("work"):
            with row:
                work[row.day("day")] = row.day("follows")
                row.text("note", "")
        return year, PublicYear(frozenset(off), work, table.text("document"), published=True)


def _timetable(name: str, table: Table) -> Timetable:
    with table:
        lessons_on = tuple(table.items("lessons_on"))
        if len(lessons_on) != 7 or not all(isinstance(n, int) and n >= 0 for n in lessons_on):
            raise table.error("lessons_on", "应为七个非负整数", "seven counts are wanted")
        bells = tuple(_bells(row) for row in table.tables("bells"))
        _check_bells(table, bells, max(lessons_on))
        return Timetable(
            name=name,
            title=table.bilingual("title"),
            terms=tuple(_spans(table, "terms")),
            usual_terms=tuple(
                (_month_day(table, "usual_terms", a), _month_day(table, "usual_terms", b))
                for a, b in _pairs(table, "usual_terms")
            ),
            lessons_on=lessons_on,
            longest_break=timedelta(minutes=table.integer("longest_break_minutes")),
            bells=bells,
            closed=frozenset(_marked(table, "closed", follows=False)),
            opened=_marked(table, "opened", follows=True),
        )


def _marked(table: Table, key: str, *, follows: bool) -> dict[date, date]:
    """Days closed or opened beyond the rule, each with the reason a person gave."""
    found = {}
    for row in table.tables(key, optional=True):
        with row:
            row.text("why")
            day = row.day("day")
            found[day] = row.day("follows") if follows else day
    return found


def _bells(table: Table) -> Bells:
    with table:
        clocks = [
            (table.clock(a, "lessons"), table.clock(b, "lessons"))
            for a, b in _pairs(table, "lessons")
        ]
        day = table.words("day")
        edges = [at for pair in clocks for at in pair]
        opening, closing = (table.clock(at, "day") for at in (day if len(day) == 2 else ("", "")))
        if [opening, *edges, closing] != sorted([opening, *edges, closing]):
            raise table.error("lessons", "时刻没有先后顺序", "the times are not in order")
        return Bells(
            name=table.text("name"),
            since=_month_day(table, "since", table.text("since")),
            until=_month_day(table, "until", table.text("until")),
            day=(opening, closing),
            lessons=tuple(clocks),
        )


def _check_bells(table: Table, bells: tuple[Bells, ...], most: int) -> None:
    for day in _days(date(2024, 1, 1), date(2024, 12, 31)):
        holding = [b for b in bells if b.holds_on(day)]
        if len(holding) != 1 or len(holding[0].lessons) < most:
            raise table.error(
                "bells",
                f"{day:%m-%d} 应恰好有一套作息时间，且至少 {most} 节课",
                f"{day:%m-%d} must have one bell schedule, with at least {most} lessons",
            )


def _pairs(table: Table, key: str) -> list[tuple[object, object]]:
    pairs = table.items(key)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise table.error(key, "应为两项一组的列表", "a list of pairs is wanted")
    return [(pair[0], pair[1]) for pair in pairs]


def _spans(table: Table, key: str) -> list[tuple[date, date]]:
    spans = []
    for first, last in _pairs(table, key):
        if not (isinstance(first, date) and isinstance(last, date) and first <= last):
            raise table.error(
                key, f"{first} 至 {last} 不是一段日期", f"{first} to {last} is not a span of dates"
            )
        spans.append((first, last))
    return spans


def _month_day(table: Table, key: str, value: object) -> MonthDay:
    try:
        day = date.fromisoformat(f"2024-{value}")
    except ValueError:
        raise table.error(
            key, f"“{value}”应写成 09-01", f"{value!r} is not a day such as 09-01"
        ) from None
    return day.month, day.day


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
