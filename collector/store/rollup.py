"""What an hour of a series adds up to, by kind of period: for means over weeks.

A roll-up stands for one day file, and bears its name and the digest of the day's timetable. While
either differs it is stale: questions are answered from the readings, and the next merge makes it
again. Percentiles cannot be had from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path, PurePosixPath

from collector.store.archive import KNOWN_CLOCK, file_rows
from collector.store.hot import quoted
from collector.store.journal import ArchiveFile
from collector.store.timetable import PERIOD, Timetable, with_period
from probes.catalog import AnyProbe
from probes.model import Metric

KIND = "hour"
HOUR_MS = 3600 * 1000
_MOST = 1e8  # values in an hour; one a ms would be 3.6e6


def number(day_file: ArchiveFile) -> str:
    """What tells a day file from all others of its probe and day."""
    return PurePosixPath(day_file.path).stem.rpartition("-")[2]


class Rollups:
    """Which roll-up may stand for which day file."""

    def __init__(self, files: Iterable[ArchiveFile], timetable: Timetable) -> None:
        self._timetable = timetable
        self._by_day_file: dict[tuple[str, str, str], list[ArchiveFile]] = {}
        for file in files:
            if file.kind == KIND:
                of = PurePosixPath(file.path).stem.split("-")[-2]
                self._by_day_file.setdefault((file.probe, file.day, of), []).append(file)

    def of(self, day_file: ArchiveFile, by_period: bool = True) -> ArchiveFile | None:
        """The roll-up of a day file; one of another timetable only where that does not matter."""
        digest = self._timetable.digest(day_file.day)
        found = self._by_day_file.get((day_file.probe, day_file.day, number(day_file)), ())
        for file in found:
            if not by_period or PurePosixPath(file.path).stem.rpartition("-")[2] == digest:
                return file
        return None


def hourly(probe: AnyProbe, path: Path) -> str:
    """SQL that makes the roll-up of a day file."""
    keys = ["school", "agent", "target", *sorted(probe.labels)]
    metrics = [m.name for m in probe.measures]
    # In ms: the timetable is; and a metric may be called `kind`, but not `at`.
    known = (
        f'SELECT * REPLACE (epoch_ms("at") AS "at") FROM '
        f"({file_rows([path], ['at', *keys, 'clock', *metrics])}) WHERE {KNOWN_CLOCK}"
    )
    columns = [
        f'make_timestamp_ms("at" // {HOUR_MS} * {HOUR_MS})::TIMESTAMP_MS AS "at"',
        *map(quoted, keys),
        PERIOD,
        'make_timestamp_ms(min("at"))::TIMESTAMP_MS AS first_at',
        'make_timestamp_ms(max("at"))::TIMESTAMP_MS AS last_at',
        *(part for metric in probe.measures for part in _parts(metric)),
    ]
    return f"SELECT {', '.join(columns)} FROM ({with_period(known)}) GROUP BY ALL"


def _parts(metric: Metric) -> list[str]:
    value, kind = quoted(metric.name), _type(metric)
    measured = f"FILTER ({value} IS NOT NULL)"
    part = {
        "n": f"count({value})::INTEGER",
        "sum": f"sum({value})::{kind}",
        "min": f"min({value})::{kind}",
        "max": f"max({value})::{kind}",
        # Nearly always those of the row, and then not stored again.
        "first": f'make_timestamp_ms(nullif(min("at") {measured}, min("at")))::TIMESTAMP_MS',
        "last": f'make_timestamp_ms(nullif(max("at") {measured}, max("at")))::TIMESTAMP_MS',
    }
    return [f"{sql} AS {quoted(f'{metric.name}_{p}')}" for p, sql in part.items()]


def _type(metric: Metric) -> str:
    """Of a sum, in SQL: a decimal fraction takes three times the space as a double."""
    exponent = Decimal(repr(metric.resolution)).as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    if digits <= 0 or metric.maximum is None or metric.maximum * _MOST >= 10 ** (18 - digits):
        return "DOUBLE"
    return f"DECIMAL(18, {digits})"


def totals(paths: Sequence[Path], metric: str, keys: Sequence[str]) -> str:
    """SQL for the hours of roll-ups in which `metric` was measured: `at` in ms, `keys`, the kind of
    period, n, total, low, high, first, last."""
    given = {p: quoted(f"{metric}_{p}") for p in ("n", "sum", "min", "max", "first", "last")}
    names = ["at", *keys, PERIOD, "first_at", "last_at", *(f"{metric}_{p}" for p in given)]
    selected = ['epoch_ms("at") AS "at"', *map(quoted, keys), PERIOD]
    selected += [
        f"{given['n']} AS n",
        f"{given['sum']}::DOUBLE AS total",
        f"{given['min']}::DOUBLE AS low",
        f"{given['max']}::DOUBLE AS high",
        f"epoch_ms(coalesce({given['first']}, first_at)) AS first",
        f"epoch_ms(coalesce({given['last']}, last_at)) AS last",
    ]
    return f"SELECT {', '.join(selected)} FROM ({file_rows(paths, names)}) WHERE {given['n']} > 0"
