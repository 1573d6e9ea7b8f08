"""How many packets the next train has: enough for its tail to be read, and no more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from probes.train.estimate import Outcome, Reason, TrainResult
from probes.train.packet import HEADER_BYTES, MOST_PACKETS, USUAL_BYTES

FIRST_PACKETS = 40
MOST_GROWTH = 8
_ROOM = 1.3
"""Longer than needed by this, because trains differ."""
_SILENT_TRAINS = 2
"""After so many of which nothing came, there is no use in another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Bounds of one measurement in one direction.

    Args:
        trains: how many shall be long enough.
        attempts: how many are sent at most.
        most_bytes: IP bytes that may be sent, all trains together. Without a bound, a line that is
            never steady takes tens of megabytes.
    """

    trains: int = 3
    attempts: int = 8
    most_bytes: int = 8_000_000
    tail_seconds: float = 0.005
    payload: int = USUAL_BYTES
    ip_version: int = 4

    @property
    def packet_bytes(self) -> int:
        return self.payload + HEADER_BYTES[self.ip_version]

    def spent(self, results: Sequence[TrainResult]) -> int:
        """IP bytes of the trains so far."""
        return sum(result.count for result in results) * self.packet_bytes

    def next_count(self, results: Sequence[TrainResult]) -> int | None:
        """Packets of the train after `results`; None when the measurement is over.

        A train that is too short or unsteady is followed by one up to eight times as long: what a
        token bucket lets through at once must be gone before the tail. A train of which most was
        lost does not grow: the queue is full, and more would only take its places from others.
        """
        if not results:
            return self._affordable(FIRST_PACKETS, 0)
        enough = sum(self._is_long(r) and r.outcome is not Outcome.INCONCLUSIVE for r in results)
        silent = len(results) >= _SILENT_TRAINS and not any(r.arrived for r in results)
        if enough >= self.trains or silent or len(results) >= self.attempts:
            return None
        return self._affordable(self._grown(results[-1]), self.spent(results))

    def _is_long(self, result: TrainResult) -> bool:
        return result.tail_seconds >= self.tail_seconds

    def _grown(self, last: TrainResult) -> int:
        if last.arrived * 2 < last.count or (self._is_long(last) and last.reason not in _GROW):
            return last.count
        needed = _ROOM * self.tail_seconds / max(last.tail_seconds, 1e-9)
        factor = min(MOST_GROWTH, max(2.0 if last.reason in _GROW else 1.0, needed))
        return min(MOST_PACKETS, ceil(last.count * factor))

    def _affordable(self, count: int, spent: int) -> int | None:
        return count if spent + count * self.packet_bytes <= self.most_bytes else None


_GROW = {Reason.UNSTEADY, Reason.LUMPY}
