"""How many IP bytes the line has carried, looked at often enough to see a rate in a second.

It reads counters and sends nothing. Nothing is interpolated: a rate is between two looks.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter_ns
from typing import Protocol, Self

from probes.measuring.line import Line
from probes.measuring.permit import Direction

EVERY_SECONDS = 0.1
_KEPT = 3000
"""Looks: five minutes of them."""
_SLOW_NS = 1_000_000
"""A look that took longer was interrupted, and its time is doubtful."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Total:
    """What an interface counted since it appeared, one way."""

    bytes: int
    packets: int


@dataclass(frozen=True, slots=True)
class Look:
    """The counters at one instant.

    Attributes:
        at: ns on the clock of `perf_counter_ns`, on which packets are stamped as well.
        life: another number for another interface of the same name.
        totals: None while there is no such interface.
    """

    at: int
    life: int
    totals: dict[Direction, Total] | None


@dataclass(frozen=True, slots=True)
class Span:
    """What one direction carried between two looks, in ns.

    Attributes:
        is_merged: the system counted several packets as one, so that their headers are missing
            and the rate is up to 4 % low.
    """

    since: int
    until: int
    ip_bytes: int
    packets: int
    is_merged: bool = False

    @property
    def seconds(self) -> float:
        return (self.until - self.since) / 1e9

    @property
    def bits_per_second(self) -> float:
        """Of IP."""
        return self.ip_bytes * 8 / self.seconds


class Source(Protocol):
    """The counters of one interface."""

    def read(self) -> tuple[int, dict[Direction, Total]] | None:
        """The life of the interface and its counters; None if there is none."""
        ...

    def close(self) -> None: ...


class Counter:
    """Of one interface. As an async context manager it looks each `every` seconds.

    `look` may be called in between, and without the context.
    """

    def __init__(
        self,
        line: Line,
        every: float = EVERY_SECONDS,
        source: Source | None = None,
        clock: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self.line = line
        self._every = every
        self._source = source or open_source(line.name)
        self._clock = clock
        self._looks: deque[Look] = deque(maxlen=_KEPT)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.close()

    def close(self) -> None:
        self._source.close()

    async def _keep_looking(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(self._every)

    def look(self) -> Look:
        """Now: the middle of the time that it took, some 20 us on a Linux PC."""
        best: tuple[int, Look] | None = None
        for _ in range(_TRIES):
            before = self._clock()
            found = self._source.read()
            after = self._clock()
            life, totals = found if found else (0, None)
            took, look = after - before, Look((before + after) // 2, life, totals)
            if best is None or took < best[0]:
                best = took, look
            if took <= _SLOW_NS:
                break
        assert best is not None
        self._looks.append(best[1])
        return best[1]

    def rate(self, direction: Direction, since: int, until: int) -> Span | None:
        """From the first look at or after `since` to the last until `until`.

        None with less than two looks, and when a counter was reset or wrapped or the interface
        was gone meanwhile.
        """
        return span(direction, self.line, self._between(since, until))

    def carried(self, direction: Direction, since: Look) -> int | None:
        """IP bytes from that look until now, when it looks again; None as `rate` says."""
        found = self.rate(direction, since.at, self.look().at)
        return found.ip_bytes if found is not None and found.since == since.at else None

    def windows(
        self, direction: Direction, seconds: float, since: int = 0, until: int | None = None
    ) -> list[Span]:
        """Neighbouring spans of at least `seconds`, cut at looks; those that `rate` would refuse
        are left out."""
        looks = self._between(since, until)
        found, start = list[Span](), 0
        for end in range(1, len(looks)):
            if looks[end].at - looks[start].at >= seconds * 1e9 * _NEARLY:
                part = span(direction, self.line, looks[start : end + 1])
                found += [part] if part else []
                start = end
        return found

    def _between(self, since: int, until: int | None) -> list[Look]:
        return [k for k in self._looks if since <= k.at and (until is None or k.at <= until)]


_NEARLY = 0.98
"""A look a little early still ends its window."""


def span(direction: Direction, line: Line, looks: Sequence[Look]) -> Span | None:
    """Over all of these looks; None where they cannot be trusted, see `Counter.rate`."""
    if len(looks) < 2 or looks[-1].at <= looks[0].at:
        return None
    if any(not _follows(before, after) for before, after in pairwise(looks)):
        return None
    first, last = looks[0], looks[-1]
    assert first.totals is not None
    assert last.totals is not None
    old, new = first.totals[direction], last.totals[direction]
    packets = new.packets - old.packets
    carried = new.bytes - old.bytes - line.header_bytes[direction] * packets
    if carried < 0:
        return None
    is_merged = line.largest_packet is not None and (
        carried > line.largest_packet * (packets * _MERGED_RATIO + _UNCOUNTED)
    )
    return Span(first.at, last.at, carried, packets, is_merged)


_MERGED_RATIO, _UNCOUNTED = 1.01, 3
"""Bytes and packets are not read at one instant: packets come in between."""


def _follows(before: Look, after: Look) -> bool:
    """Whether nothing but traffic happened in between."""
    if before.totals is None or after.totals is None or before.life != after.life:
        return False
    old, new = before.totals, after.totals
    return all(
        new[way].bytes >= old[way].bytes and new[way].packets >= old[way].packets
        for way in Direction
    )


def open_source(name: str) -> Source:
    return LinuxSource(name) if DEVICES.exists() else OtherSource(name)


DEVICES = Path("/proc/thread-self/net/dev")
"""Of the network namespace of the thread that opens it, wherever it is read."""
_NUMBERS = {Direction.DOWN: (0, 1), Direction.UP: (8, 9)}
"""Where bytes and packets stand in a line of it."""
_AT_ONCE_BYTES = 1 << 16


class LinuxSource:
    """One file, kept open, with the counters of all interfaces as of one instant each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._opened = os.open(DEVICES, os.O_RDONLY)

    def read(self) -> tuple[int, dict[Direction, Total]] | None:
        try:
            life = socket.if_nametoindex(self._name)
        except OSError:
            return None
        numbers = counters_in(self._text(), self._name)
        if numbers is None:
            return None
        return life, {
            way: Total(numbers[size], numbers[count]) for way, (size, count) in _NUMBERS.items()
        }

    def _text(self) -> bytes:
        """The file gives some thirty lines at a time."""
        os.lseek(self._opened, 0, os.SEEK_SET)
        parts = list[bytes]()
        while part := os.read(self._opened, _AT_ONCE_BYTES):
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        if self._opened >= 0:
            os.close(self._opened)
            self._opened = -1


def counters_in(text: bytes, name: str) -> list[int] | None:
    """The numbers of an interface in the words of that file; None if it is not there."""
    for line in text.splitlines():
        found, colon, numbers = line.partition(b":")
        if colon and found.strip() == name.encode():
            return [int(number) for number in numbers.split()]
    return None


class OtherSource:
    """Of systems without those files. An interface that was replaced is not noticed there, unless
    its counters are lower."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self) -> tuple[int, dict[Direction, Total]] | None:
        import psutil

        found = psutil.net_io_counters(pernic=True, nowrap=False).get(self._name)
        if found is None:
            return None
        return 0, {
            Direction.DOWN: Total(found.bytes_recv, found.packets_recv),
            Direction.UP: Total(found.bytes_sent, found.packets_sent),
        }

    def close(self) -> None:
        return
