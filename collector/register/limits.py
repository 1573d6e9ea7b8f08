"""How many failed enrolments are answered: per source and per token, within a sliding window.

Only failures count, so a class of forty PCs behind one address enrols in one minute.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

MAX_KEYS = 10_000
"""Beyond it the key that failed longest ago is forgotten; memory stays bounded under attack."""


class FailureLimit:
    """Thread-safe; forgets everything at a restart."""

    def __init__(self, most: int, window: timedelta) -> None:
        self._most = most
        self._window = window
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, now: datetime) -> timedelta | None:
        """Note a failure of `key`. None if it may still be answered, else how long to wait."""
        with self._lock:
            failures = self._failures.setdefault(key, deque(maxlen=self._most))
            self._failures.move_to_end(key)
            if len(self._failures) > MAX_KEYS:
                self._failures.popitem(last=False)
            while failures and failures[0] <= now - self._window:
                failures.popleft()
            if len(failures) == self._most:
                return failures[0] + self._window - now
            failures.append(now)
            return None
