"""A limit on how often something may happen, with room for a burst."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """So many a second, and a stock for a burst; `at` is seconds of a clock that only grows."""

    rate: float
    most: float
    left: float
    at: float

    def take(self, now: float) -> bool:
        self.left = min(self.most, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
