"""The timetable as a table beside the readings, joined to them when a question is asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date, datetime

import duckdb

from collector.store import SchoolPeriod

_DAY_MS = 24 * 3600 * 1000
_EMPTY = "off"


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


class Timetable:
    """Owns the table `period` (school, since, until, kind); thread-safe.

    `known` turns true with the first `replace`.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._digests: dict[int, str] = {}
        self.known = False
        db.execute("CREATE TABLE period (school VARCHAR, since BIGINT, until BIGINT, kind VARCHAR)")

    def replace(self, periods: Sequence[SchoolPeriod]) -> None:
        """All of it, in one step."""
        with self._lock:
            cursor = self._db.cursor()
            cursor.execute("BEGIN")
            cursor.execute("DELETE FROM period")
            cursor.execute(
                "INSERT INTO period SELECT unnest($1), unnest($2), unnest($3), unnest($4)",
                [
                    [p.school for p in periods],
                    [milliseconds(p.since) for p in periods],
                    [milliseconds(p.until) for p in periods],
                    [p.kind for p in periods],
                ],
            )
            # No digest is in force while the table changes: questions then go to the readings.
            self._digests, self.known = {}, False
            cursor.execute("COMMIT")
            self._digests, self.known = dict(cursor.execute(_DIGESTS).fetchall()), True

    def digest(self, day: str) -> str | None:
        """Changes with any period that touches the UTC day YYYY-MM-DD; None while not known."""
        if not self.known:
            return None
        number = date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()
        return self._digests.get(number, _EMPTY)


_DIGESTS = f"""
WITH touched AS (
    SELECT *, unnest(range(since // {_DAY_MS}, (until - 1) // {_DAY_MS} + 1)) AS day FROM period
)
SELECT day, left(md5(string_agg(
    concat_ws(' ', school, greatest(since, day * {_DAY_MS}), least(until, (day + 1) * {_DAY_MS}),
              kind),
    ',' ORDER BY school, since, until, kind)), 12)
FROM touched GROUP BY day
"""


PERIOD = "period_kind"


def with_period(rows: str, periods: str = "period") -> str:
    """SQL: `rows` (with `at` in ms, and school) and the kind of period that each falls into.

    `periods` may name a part of the timetable: all that touch the rows' instants.
    """
    return (
        f"SELECT r.*, CASE WHEN r.\"at\" < p.until THEN p.kind ELSE 'off' END AS {PERIOD} "
        f'FROM ({rows}) r ASOF LEFT JOIN {periods} p ON r.school = p.school AND r."at" >= p.since'
    )
