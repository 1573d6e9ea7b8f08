"""Which sequence numbers of a session were stored, as intervals: small however long the session."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

MAX_INTERVALS = 1000
"""Beyond, the oldest hole is closed: its numbers count as seen, so nothing is ever stored twice.

An agent sends oldest first with one request in flight and makes no holes; only a client that
numbers by the clock reaches this, after 1,000 batches.
"""


class Seen:
    """Sorted, disjoint, inclusive intervals."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        pairs = sorted(intervals)
        self._starts = [start for start, _ in pairs]
        self._ends = [end for _, end in pairs]

    def __contains__(self, number: int) -> bool:
        i = bisect_right(self._starts, number) - 1
        return i >= 0 and number <= self._ends[i]

    def add(self, number: int) -> None:
        i = bisect_right(self._starts, number) - 1
        if i >= 0 and number <= self._ends[i]:
            return
        if i >= 0 and self._ends[i] == number - 1:
            self._ends[i] = number
        else:
            i += 1
            self._starts.insert(i, number)
            self._ends.insert(i, number)
        self._join(i)
        if len(self._starts) > MAX_INTERVALS:
            self._ends[0] = self._ends[1]
            del self._starts[1], self._ends[1]

    def _join(self, i: int) -> None:
        if i + 1 < len(self._starts) and self._starts[i + 1] == self._ends[i] + 1:
            self._ends[i] = self._ends[i + 1]
            del self._starts[i + 1], self._ends[i + 1]

    def intervals(self) -> list[tuple[int, int]]:
        return list(zip(self._starts, self._ends, strict=True))
