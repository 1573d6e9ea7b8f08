"""What the next push may carry on a link that costs money: whether bulk goes, and how much a day.

What may not go waits in the spool, within the spool's own limits. Bytes are counted per day of the
machine's local time, as a mobile contract counts them, and the count outlives the process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

from config.agent_settings import LinkSettings

BULK_EVERY = 1800.0
"""Seconds from one push with bulk readings to the next, on a metered link."""
SPARE = 0.2
"""Of a day's bytes, what is kept for the essentials."""
QUIET = 3600.0
"""Seconds between signs of life when the day's bytes are used up. They go beyond the budget: at
most 24 pushes without readings."""
DAYS_KEPT = 3
"""A clock that is wrong at start counts on another day; the right day's count is still there."""


class Ration(Enum):
    """What the next push may carry."""

    ALL = "everything that waits"
    ESSENTIALS = "state, gaps, and readings that are rare; bulk waits"
    STATE = "state and gaps"
    NOTHING = "there shall be no push now"


class Thrift:
    """Counts bytes and hands out rations.

    Args:
        now: the time of day in ms, as right as it is known.
        kept: what `note` gave to an earlier process.

    Attributes:
        metered: whether bytes on this link cost money; None = not known, which is taken for no.
    """

    def __init__(
        self, settings: LinkSettings, now: Callable[[], int], kept: str | None = None
    ) -> None:
        self._settings = settings
        self._now = now
        self._bytes: dict[str, int] = {}
        self._bulk_at: int | None = None
        self._pushed_at: int | None = None
        self.metered = settings.metered.known
        self._restore(kept)

    @property
    def daily_bytes(self) -> int | None:
        """The budget of a day; None without one."""
        return self._settings.daily_bytes or None

    @property
    def today_bytes(self) -> int:
        """Carried today, both ways."""
        return self._bytes.get(self._today(), 0)

    def ration(self, *, urgent: bool = False) -> Ration:
        """`urgent`: a push decides about something else; a spent budget does not hold it back."""
        if self.daily_bytes is not None:
            if self.today_bytes >= self.daily_bytes:
                quiet = self._within(self._pushed_at, QUIET) and not urgent
                return Ration.NOTHING if quiet else Ration.STATE
            if self.today_bytes >= (1 - SPARE) * self.daily_bytes:
                return Ration.ESSENTIALS
        if self.metered and self._within(self._bulk_at, BULK_EVERY):
            return Ration.ESSENTIALS
        return Ration.ALL

    def carried(self, size: int) -> None:
        """So many bytes went over the link, either way."""
        today = self._today()
        self._bytes[today] = self.today_bytes + size
        for day in list(self._bytes)[:-DAYS_KEPT]:
            del self._bytes[day]

    def pushed(self, *, bulk: bool) -> None:
        """A push went through; `bulk`: with bulk readings."""
        self._pushed_at = self._now()
        if bulk:
            self._bulk_at = self._now()

    def note(self) -> str:
        """For the next process."""
        return json.dumps(
            {"bytes": self._bytes, "bulk_at": self._bulk_at, "pushed_at": self._pushed_at}
        )

    def _restore(self, kept: str | None) -> None:
        try:
            found: dict[str, Any] = json.loads(kept or "{}")
            self._bytes = {str(day): int(size) for day, size in found.get("bytes", {}).items()}
            self._bulk_at, self._pushed_at = found.get("bulk_at"), found.get("pushed_at")
        except (ValueError, TypeError, AttributeError):
            self._bytes = {}  # Not whole: counting begins anew.

    def _within(self, since: int | None, seconds: float) -> bool:
        """False also for an instant in the future: the clock was set back."""
        return since is not None and 0 <= self._now() - since < seconds * 1000

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now() / 1000).date().isoformat()
