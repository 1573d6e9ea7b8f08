"""How many bytes of a school's line may still be spent on measuring in a calendar month. Pure.

A permit counts with all it may spend from the moment it is given. When it is given back it counts
with what was spent; one that never is goes on counting in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from collector.measure.book import Lent

Month = tuple[str, str]
"""(school, `2026-11`)."""


def month_at(now: datetime, time_zone: str) -> tuple[str, datetime]:
    """The calendar month that is running there, and its beginning."""
    local = now.astimezone(ZoneInfo(time_zone))
    return f"{local:%Y-%m}", local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class Budget:
    """Args:
    budget: bytes a month of a school.
    spent, lent: what is known from before a restart.
    """

    def __init__(
        self,
        budget: Callable[[str], int],
        spent: Mapping[Month, int],
        lent: Iterable[Lent],
    ) -> None:
        self._budget = budget
        self._spent = dict(spent)
        self._measured: Mapping[Month, int] = {}
        self._lent = {one.id: one for one in lent}

    def left(self, school: str, month: str) -> int:
        """May be below zero.

        Readings and permits tell of the same bytes, each perhaps not of all: the larger counts.
        """
        key = (school, month)
        out = sum(one.most_bytes for one in self._lent.values() if (one.school, one.month) == key)
        spent = max(self._spent.get(key, 0), self._measured.get(key, 0))
        return self._budget(school) - spent - out

    def measured(self, spent: Mapping[Month, int]) -> None:
        """What readings say was spent; from any thread."""
        self._measured = spent

    def lend(self, lent: Lent) -> None:
        self._lent[lent.id] = lent

    def find(self, id: str) -> Lent | None:
        """None for one that was never lent, or is settled."""
        return self._lent.get(id)

    def settle(self, lent: Lent, spent_bytes: int) -> None:
        """It has cost so much; a second time changes nothing."""
        if self._lent.pop(lent.id, None) is not None:
            key = (lent.school, lent.month)
            self._spent[key] = self._spent.get(key, 0) + spent_bytes

    def overdue(self, before: float) -> list[Lent]:
        """Those whose time was over before the Unix time `before`."""
        return [one for one in self._lent.values() if one.until < before]

    def forget_before(self, month: str) -> None:
        self._spent = {key: size for key, size in self._spent.items() if key[1] >= month}
