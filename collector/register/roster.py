"""The schools as they stand today, read again only when the register or the day has changed.

Pages, judge and export ask for them every few seconds; a thousand schools take 40 ms to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from collector.register.model import School
from collector.register.register import Register


class Roster:
    """May be asked in any thread; two that find it stale at once both read, and agree."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._known: tuple[tuple[date, int], Sequence[School]] | None = None

    def schools(self) -> Sequence[School]:
        """By code."""
        # The count first: a change while they are read makes the next call read again.
        made_of = (self._register.today(), self._register.change_count())
        known = self._known
        if known is None or known[0] != made_of:
            known = self._known = (made_of, tuple(self._register.schools(made_of[0])))
        return known[1]
