"""The words of a request to /v1/query, checked and turned into a question to the store."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import get_args

from collector.judge.judge import COUNTRY_ZONE, last_day
from collector.store import MetricRef, PeriodKind, QueryError, Statistic, Where
from probes.text import Text

LATEST = "latest"
MOST_STEPS = 10_000
"""Of a series; a chart needs a tenth of it."""
MOST_FLIPS = 10_000
_NAMES = ("metric", "statistic", "by", "since", "until", "period", "where", "step")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `step` asks for a series; `statistic` is None for the newest values."""

    metric: MetricRef
    statistic: Statistic | None
    by: tuple[str, ...]
    where: Where
    since: datetime
    until: datetime
    period: PeriodKind | None
    step: timedelta | None


def parse(given: Iterable[tuple[str, str]], now: datetime) -> Asked:
    """`given` are the names and values of the address; raises QueryError naming the wrong one.

    `where` may come several times; twice the same column means either value.
    """
    plain, where = _sorted_out(given)
    if "metric" not in plain:
        raise _wrong(
            "metric", "缺少；例如 metric=icmp_echo.loss_ratio", "is missing; such as "
            "metric=icmp_echo.loss_ratio",
        )  # fmt: skip
    statistic = plain.get("statistic") or "mean"
    asked = Asked(
        metric=MetricRef.parse(plain["metric"]),
        statistic=None if statistic == LATEST else Statistic.parse(statistic),
        by=_columns(plain.get("by", "school")),
        where=where,
        since=_instant("since", plain.get("since") or "24h", now),
        until=_instant("until", plain["until"], now) if plain.get("until") else now,
        period=_period(plain.get("period", "")),
        step=_duration("step", plain["step"]) if plain.get("step") else None,
    )
    _check(asked)
    return asked


def parse_flips(
    given: Iterable[tuple[str, str]], now: datetime
) -> tuple[str | None, datetime | None, int]:
    """School, since when, and how many at most; raises QueryError naming the wrong one."""
    return _narrowed(_only(given, ("school", "since", "limit")), now)


def parse_incidents(
    given: Iterable[tuple[str, str]], now: datetime
) -> tuple[str | None, datetime | None, int, bool]:
    """As `parse_flips`, and whether only open ones are wanted (`open=1`)."""
    plain = _only(given, ("school", "since", "limit", "open"))
    if plain.get("open", "0") not in ("0", "1"):
        raise _wrong("open", f"“{plain['open']}”应为 0 或 1", f"{plain['open']!r} is not 0 or 1")
    return *_narrowed(plain, now), plain.get("open") == "1"


def parse_school(given: Iterable[tuple[str, str]]) -> str | None:
    """Raises QueryError for anything else that is given."""
    return _only(given, ("school",)).get("school") or None


def parse_lines(given: Iterable[tuple[str, str]], now: datetime) -> tuple[str | None, date | None]:
    """School, and the last day of the month that is asked for; None is the last thirty days."""
    plain = _only(given, ("school", "month"))
    month = plain.get("month")
    day = last_day(month, now.astimezone(COUNTRY_ZONE).date()) if month else None
    if month and day is None:
        raise _wrong(
            "month",
            f"“{month}”应为已过完的月份，如 2026-10",
            f"{month!r} is no month that is over, such as 2026-10",
        )
    return plain.get("school") or None, day


def _only(given: Iterable[tuple[str, str]], names: Sequence[str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name, value in given:
        if name not in names:
            known = ", ".join(names)
            raise _wrong(name, f"不认识；可用的有：{known}", f"is not known; there are: {known}")
        plain[name] = value
    return plain


def _narrowed(plain: Mapping[str, str], now: datetime) -> tuple[str | None, datetime | None, int]:
    limit = plain.get("limit") or "100"
    if not re.fullmatch(r"\d{1,5}", limit) or not 1 <= int(limit) <= MOST_FLIPS:
        raise _wrong("limit", f"“{limit}”应为 1 至 {MOST_FLIPS}", f"{limit!r} is not 1 to "
                     f"{MOST_FLIPS}")  # fmt: skip
    since = _instant("since", plain["since"], now) if plain.get("since") else None
    return plain.get("school") or None, since, int(limit)


def _sorted_out(given: Iterable[tuple[str, str]]) -> tuple[dict[str, str], Where]:
    plain: dict[str, str] = {}
    where: dict[str, list[str]] = defaultdict(list)
    for name, value in given:
        if name not in _NAMES:
            known = ", ".join(_NAMES)
            raise _wrong(name, f"不认识；可用的有：{known}", f"is not known; there are: {known}")
        if name == "where":
            column, colon, wanted = value.partition(":")
            if not (column and colon):
                raise _wrong(
                    "where", f"“{value}”应写成 列:值", f"{value!r} should be written column:value"
                )
            where[column].append(wanted)
        elif name in plain:
            raise _wrong(name, "给了两次", "is given twice")
        else:
            plain[name] = value
    return plain, _frozen(where)


def _frozen(where: Mapping[str, Sequence[str]]) -> Where:
    return {column: tuple(values) for column, values in where.items()}


def _columns(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column.strip() for column in text.split(",") if column.strip()))


def _period(text: str) -> PeriodKind | None:
    if not text:
        return None
    for kind in get_args(PeriodKind):
        if kind == text:
            known: PeriodKind = kind
            return known
    kinds = ", ".join(get_args(PeriodKind))
    raise _wrong("period", f"没有“{text}”；可用的有：{kinds}", f"{text!r} is none of {kinds}")


def _instant(name: str, text: str, now: datetime) -> datetime:
    """An instant with its zone, or a duration before `now`."""
    if re.fullmatch(r"\d{1,6}[smhd]", text):
        return _before(name, text, now)
    try:
        # An unquoted "+08:00" in an address arrives as " 08:00".
        at = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    except ValueError:
        raise _wrong(
            name,
            f"“{text}”不是时间；例如 24h、7d、2026-09-01T08:00+08:00",
            f"{text!r} is no time; write 24h, 7d or 2026-09-01T08:00+08:00",
        ) from None
    if at.tzinfo is None:
        raise _wrong(
            name,
            f"“{text}”没有时区；请加 Z 或 +08:00",
            f"{text!r} has no time zone; add Z or +08:00",
        )
    return at


def _before(name: str, text: str, now: datetime) -> datetime:
    try:
        return now - _duration(name, text)
    except OverflowError:
        raise _wrong(name, f"“{text}”太久", f"{text!r} is too long ago") from None


def _duration(name: str, text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not match or int(match[1]) == 0:
        raise _wrong(
            name, f"“{text}”不是时长；例如 30s、5m、1h、1d", f"{text!r}: write 30s, 5m, 1h or 1d"
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _check(asked: Asked) -> None:
    if asked.since >= asked.until:
        raise _wrong("since", "必须早于 until", "must be before until")
    if asked.step is None:
        return
    if asked.statistic is None:
        raise _wrong("step", "不能与 latest 一起使用", "does not go with latest")
    if (asked.until - asked.since) / asked.step > MOST_STEPS:
        raise _wrong("step", f"太小，超过 {MOST_STEPS} 步", f"makes more than {MOST_STEPS} steps")


def _wrong(name: str, zh: str, en: str) -> QueryError:
    return QueryError(Text(f"{name}：{zh}。", f"{name}: {en}."))
