"""How long to wait after a failed push, so that three thousand agents do not come back as one.

The jitter is drawn after the cap, so it is never clamped away; and one success does not forget a
long outage, so agents that return do not fall into step.
"""

from __future__ import annotations

import re
from random import Random

LONGEST = 300.0
"""Seconds between tries of a collector that does not answer."""
LONGEST_ASKED = 3600.0
"""The most that a Retry-After is believed, in seconds."""
MOST_FAILURES = 8
"""From here on the cap holds; more failures would only take longer to decay."""


class Backoff:
    """Counts failures. `failures` is kept across restarts: a crash loop is not a fast retry."""

    def __init__(self, rng: Random, failures: int = 0) -> None:
        self._rng = rng
        self.failures = max(0, min(failures, MOST_FAILURES))

    def failed(self) -> float:
        """Count a failure; returns the seconds to wait before the next try."""
        wait = self.wait(self.failures)
        self.failures = min(self.failures + 1, MOST_FAILURES)
        return wait

    def succeeded(self) -> None:
        self.failures = max(0, self.failures - 1)

    def wait(self, failures: int) -> float:
        """Between half of the cap and the cap, in seconds."""
        cap = min(LONGEST, 2.0 * 2.0 ** max(0, failures))
        return cap / 2 + self._rng.uniform(0, cap / 2)

    def between(self, low: float, high: float) -> float:
        return self._rng.uniform(low, high)

    def at_least(self, wait: float, asked: float | None) -> float:
        """`wait`, or the seconds that the collector asked for, and a quarter of that as jitter."""
        if asked is None:
            return wait
        return max(wait, asked) + self._rng.uniform(0, max(1.0, asked / 4))


def retry_after_or_none(header: str, now: float) -> float | None:
    """Seconds from a Retry-After header, 0 to LONGEST_ASKED; None if it says nothing usable.

    `now` is the Unix time against which a date is read.
    """
    text = header.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        # A number too long for int() is not too long for float(): it becomes infinite.
        return min(LONGEST_ASKED, float(text))
    import email.utils  # heavy, and few servers answer with a date

    try:
        at = email.utils.parsedate_to_datetime(text)
        seconds = at.timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(LONGEST_ASKED, max(0.0, seconds))
