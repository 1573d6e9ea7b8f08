"""When to judge next: on a beat, never twice at once, and soon after the facts have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

REST = 3.0
"""How many times as long as it took heavy work rests: it gets a quarter of the time at most."""


class JudgingTimer:
    """Tells its owner when a judgement is due; it starts nothing itself.

    A judgement that takes longer than the beat is followed by one more, not by all those missed.
    `clock` is monotonic, in seconds.
    """

    def __init__(self, every: float, clock: Callable[[], float], soonest: float = 5.0) -> None:
        self._every = every
        self._soonest = min(soonest, every)
        self._clock = clock
        self._next = clock()
        self._started: float | None = None
        self._ended_well: float | None = None
        self.took: float | None = None
        """Seconds that the last judgement that went well took; None before the first."""
        self.failures = 0

    def age(self) -> float | None:
        """Seconds since the last one that went well ended; None before the first."""
        return None if self._ended_well is None else self._clock() - self._ended_well

    def seconds_until_due(self) -> float:
        """0 when a judgement is due now. While one runs, the next is not due."""
        if self._started is not None:
            return self._every
        return max(0.0, self._next - self._clock())

    def start(self) -> bool:
        """Take the judgement that is due; False when none is, or one is running."""
        if self._started is not None or self.seconds_until_due() > 0:
            return False
        self._started = self._clock()
        self._next = self._started + self._every
        return True

    def finish(self, *, well: bool = True) -> float:
        """The judgement has ended, `well` or not; how many seconds it took."""
        if self._started is None:
            raise RuntimeError("no judgement is running")
        now = self._clock()
        took = now - self._started
        self._started = None
        if well:
            self.took, self._ended_well = took, now
        else:
            self.failures += 1
        self._next = max(self._next, now + self._soonest)
        return took

    def nudge(self) -> None:
        """The register, policy or calendar has changed: judge again soon, not at the next beat."""
        self._next = min(self._next, self._clock() + self._soonest)


class Pace:
    """Keeps heavy work that is about months from crowding out what is about minutes.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rested = clock()

    def is_due(self) -> bool:
        return self._clock() >= self._rested

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around the work; also one that fails is followed by a rest."""
        began = self._clock()
        try:
            yield
        finally:
            ended = self._clock()
            self._rested = ended + REST * (ended - began)
