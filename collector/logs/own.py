"""Banjun's own records that count as logs: readings, and who looked at what.

Each keeps its own tables and answers for its days; nothing here seals them again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from collector.store.rollup import KIND
from probes.text import Text


class OwnDay(NamedTuple):
    """Of one day: how many records, and the last one's link in its table's chain, if it has one."""

    records: int
    first_at: datetime
    last_at: datetime
    link: str = ""


class OwnLog(Protocol):
    """One kind of records.

    Attributes:
        name: as a source; it begins with an underscore.
        silent_days: so many in a row without a record are a gap; None = as policy says.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> Text: ...

    @property
    def silent_days(self) -> int | None: ...

    def days(self) -> Mapping[date, OwnDay]:
        """By the day that the record was filed under."""
        ...


class Readings:
    """The archive's day files, by its days, which are those of UTC. A file that is missing, or has
    another size than the manifest says, gives its day nothing."""

    name = "_readings"
    title = Text("班均自身的读数", "Banjun's own readings")
    silent_days = None

    def __init__(self, data_dir: Path) -> None:
        self._journal = data_dir / "journal.sqlite3"
        self._archive = data_dir / "archive"

    def days(self) -> Mapping[date, OwnDay]:
        if not self._journal.exists():
            return {}
        query = "SELECT path, day, rows, bytes, first_at, last_at FROM file WHERE kind != ?"
        with closing(sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)) as db:
            files = db.execute(query, (KIND,)).fetchall()
        found: dict[date, OwnDay] = {}
        lost: set[date] = set()
        for path, day_text, rows, size, first, last in files:
            day = date.fromisoformat(day_text)
            if self._size(path) != size:
                lost.add(day)
            found[day] = _joined(found.get(day), OwnDay(rows, _instant(first), _instant(last)))
        return {day: found[day] for day in found.keys() - lost}

    def _size(self, path: str) -> int | None:
        try:
            return (self._archive / path).stat().st_size
        except OSError:
            return None


def _joined(one: OwnDay | None, other: OwnDay) -> OwnDay:
    if one is None:
        return other
    first = min(one.first_at, other.first_at)
    return OwnDay(one.records + other.records, first, max(one.last_at, other.last_at))


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
