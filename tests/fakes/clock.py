"""A clock that stands still until a test moves it, or until something sleeps on it."""

from __future__ import annotations

import asyncio

START = 1_760_000_000_000
"""2025-10-09T08:53:20Z, in ms."""


class FakeClock:
    """The agent's `Clock`. A sleep takes no real time: it moves the clock and is written down."""

    def __init__(self, wall: int = START, up: int = 1_000_000) -> None:
        self._wall = wall
        self._up = up
        self._monotonic = 5_000.0
        self.slept: list[float] = []

    def wall(self) -> int:
        return self._wall

    def up(self) -> int:
        return self._up

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._wall += round(seconds * 1000)
        self._up += round(seconds * 1000)
        self._monotonic += seconds

    def suspend(self, seconds: float) -> None:
        """The machine sleeps: the monotonic clock stands still meanwhile."""
        monotonic = self._monotonic
        self.advance(seconds)
        self._monotonic = monotonic

    def set_wall(self, wall: int) -> None:
        """As when a person, or NTP, sets the clock: nothing else moves."""
        self._wall = wall
