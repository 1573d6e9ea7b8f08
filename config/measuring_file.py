"""When and how much a line may be loaded to measure it: policies/measuring.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from config.calendar import PeriodKind
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml
from probes.measuring.permit import Tier
from probes.text import Text

FILE = "measuring.toml"
Loading = Literal[Tier.TRAINS, Tier.STREAMS]
"""The tiers that need leave."""
PERIODS: tuple[PeriodKind, ...] = get_args(PeriodKind)
_IN_LESSONS = (Tier.PASSIVE, Tier.TRAINS)
_ORIGINS = ("plan", "public", "default")
_SCHOOL = re.compile(r"\d{10}")
_MBIT = 1_000_000
LONGEST_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one measurement, both directions together.

    Attributes:
        most_bytes: IP bytes.
        most_line_seconds: as many seconds of the line at the rate that is set aside.
        seconds: after which the leave ends.
    """

    most_bytes: int
    most_line_seconds: float
    seconds: float

    def bytes_at(self, bits_per_second: float) -> int:
        return min(self.most_bytes, int(self.most_line_seconds * bits_per_second / 8))


@dataclass(frozen=True, slots=True)
class MeasuringPolicy:
    """The file.

    Attributes:
        allowed: the dearest tier in each period.
        month_bytes: of a school that is not in `school_bytes`.
        headroom: what is set aside, as a multiple of what the line is expected to carry.
        least, unknown: set aside at least, and where nothing is known of a line; bits a second.
    """

    allowed: Mapping[PeriodKind, Tier]
    bounds: Mapping[Loading, Bounds]
    month_bytes: int
    school_bytes: Mapping[str, int]
    headroom: float
    least: float
    unknown: float
    origin: str
    note: Text

    def budget(self, school: str) -> int:
        """Bytes a calendar month."""
        return self.school_bytes.get(school, self.month_bytes)


def load_measuring(folder: PolicyFolder = POLICY_FOLDER) -> MeasuringPolicy:
    """Raises PolicyError naming file and key."""
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        with top.table("month") as month:
            month_bytes = _whole(month, "bytes", least=0)
            schools = _schools(month.table("schools")) if month.has("schools") else {}
        with top.table("reserve") as reserve:
            headroom = _between(reserve, "headroom", 1, 10)
            least = _between(reserve, "least_mbit", 1, 1_000_000) * _MBIT
            unknown = _between(reserve, "unknown_mbit", 1, 1_000_000) * _MBIT
        with top.table("source") as source:
            origin, note = source.choice("kind", _ORIGINS), source.bilingual("note")
        return MeasuringPolicy(
            allowed=_allowed(top.table("allowed")),
            bounds={
                Tier.TRAINS: _bounds(top.table("t1")),
                Tier.STREAMS: _bounds(top.table("t2")),
            },
            month_bytes=month_bytes,
            school_bytes=schools,
            headroom=headroom,
            least=least,
            unknown=unknown,
            origin=origin,
            note=note,
        )


def _allowed(top: Table) -> dict[PeriodKind, Tier]:
    with top as table:
        found: dict[PeriodKind, Tier] = {
            period: Tier(table.choice(period, tuple(Tier))) for period in PERIODS
        }
        if found["lesson"] not in _IN_LESSONS:
            raise table.error(
                "lesson", "上课时最多到 t1，不能是 t2", "a lesson has t1 at most, never t2"
            )
        return found


def _bounds(top: Table) -> Bounds:
    with top as table:
        return Bounds(
            most_bytes=_whole(table, "most_bytes", least=100_000),
            most_line_seconds=_between(table, "most_line_seconds", 0.01, 60),
            seconds=_between(table, "seconds", 1, LONGEST_SECONDS),
        )


def _schools(top: Table) -> dict[str, int]:
    with top as table:
        for code in table.names():
            if not _SCHOOL.fullmatch(code):
                raise table.error(code, "应为十位学校代码", "a ten-digit school code is wanted")
        return {code: _whole(table, code, least=0) for code in table.names()}


def _whole(table: Table, key: str, *, least: int) -> int:
    value = table.integer(key)
    if value < least:
        raise table.error(key, f"{value} 应不小于 {least}", f"{value} is less than {least}")
    return value


def _between(table: Table, key: str, low: float, high: float) -> float:
    value = float(table.number(key))
    if not low <= value <= high:
        raise table.error(
            key, f"{value:g} 超出 {low:g} 至 {high:g}", f"{value:g} is outside {low:g} to {high:g}"
        )
    return value
