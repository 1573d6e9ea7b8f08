"""How long packets take each way while no queue stands: against this a queue is seen. Pure.

The two clocks need not agree. A stamp of theirs less one of ours is a delay and an unknown offset,
which is the same in both directions with opposite signs, and drifts. So the delays are remembered
from moments when the round trip, in which the offset drops out, was near its least: then neither
direction had a queue. With time the doubt grows, until there is no baseline any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from probes.jitter import Trip

NEAR_SECONDS = 0.002
"""A round trip that exceeds the least by no more met no queue worth the name."""
DRIFT_RATIO = 50e-6
"""By which the clocks of two ordinary machines may part."""
LARGEST_DOUBT_SECONDS = 0.04
_KNOWN_DRIFT_RATIO = 10e-6
"""By which a drift that was measured may change, with the temperature or a time server."""
_SHORTEST_FIT_SECONDS = 300.0
_LONGEST_SECONDS = 3600.0
_FEWEST, _MOST = 3, 10
"""Quiet packets for an anchor."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Delays without a queue at `at`, in seconds with the clocks' offset; `at` in ns, ours."""

    at: int
    up: float
    down: float

    @property
    def offset(self) -> float:
        return (self.up - self.down) / 2


@dataclass(frozen=True, slots=True)
class Empty:
    """What packets take when no queue stands, each to be trusted within `doubt` seconds."""

    up: float
    down: float
    doubt: float


@dataclass(slots=True)
class Baseline:
    """Remembered between watches by whoever watches one line against one reflector.

    `rtt`: the least round trip in seconds, or the third least, as one may be a freak.
    """

    rtt: float | None = None
    _anchors: deque[Anchor] = field(default_factory=deque)

    def learn(self, trips: Sequence[Trip]) -> None:
        """From the packets of one watch."""
        if not trips:
            return
        if self._anchors and self.expect(trips[0].sent) is None:
            self.rtt = None  # too long ago: the way may be another
            self._anchors.clear()
        if len(trips) >= _FEWEST:
            self._lower(sorted(trip.seconds for trip in trips)[_FEWEST - 1])
        quiet = [t for t in trips if self.rtt is not None and t.seconds <= self.rtt + NEAR_SECONDS]
        if len(quiet) >= _FEWEST:
            self._anchors.append(_anchor(quiet[-_MOST:]))
        while self._anchors and self._is_old(self._anchors[0]):
            self._anchors.popleft()

    def _is_old(self, anchor: Anchor) -> bool:
        return self._anchors[-1].at - anchor.at > _LONGEST_SECONDS * 1e9

    def _lower(self, rtt: float) -> None:
        if self.rtt is None or rtt < self.rtt:
            if self.rtt is not None and rtt < self.rtt - NEAR_SECONDS:
                self._anchors.clear()  # there was a queue all the time
            self.rtt = rtt

    def expect(self, at: int) -> Empty | None:
        """At `at` ns of our clock; None when nothing is known, or it would be a guess."""
        if not self._anchors:
            return None
        last = self._anchors[-1]
        age = abs(at - last.at) / 1e9
        drift, drift_doubt = self._drift()
        doubt = age * drift_doubt
        if age > _LONGEST_SECONDS or doubt > LARGEST_DOUBT_SECONDS:
            return None
        moved = drift * (at - last.at) / 1e9
        return Empty(last.up + moved, last.down - moved, doubt)

    def _drift(self) -> tuple[float, float]:
        """Seconds per second by which the clocks part, and how well that is known."""
        first, last = self._anchors[0], self._anchors[-1]
        seconds = (last.at - first.at) / 1e9
        if seconds < _SHORTEST_FIT_SECONDS:
            return 0.0, DRIFT_RATIO
        drift = (last.offset - first.offset) / seconds
        off = [a.offset - first.offset - drift * (a.at - first.at) / 1e9 for a in self._anchors]
        if max(abs(error) for error in off) > NEAR_SECONDS:  # a clock is being set right
            return 0.0, DRIFT_RATIO
        return drift, min(DRIFT_RATIO, _KNOWN_DRIFT_RATIO + 2 * NEAR_SECONDS / seconds)


def _anchor(quiet: Sequence[Trip]) -> Anchor:
    return Anchor(quiet[-1].sent, median(map(up_seconds, quiet)), median(map(down_seconds, quiet)))


def up_seconds(trip: Trip) -> float:
    """To the reflector, with the offset of the clocks."""
    return (trip.received - trip.sent) / 1e9


def down_seconds(trip: Trip) -> float:
    return (trip.arrived - trip.replied) / 1e9
