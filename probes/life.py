"""What a program that runs all day can say of its machine: awake, asleep, and how it ended before.

A beat is compared with the beat before it, in the same process or, by a note that outlives the
process, in an earlier one. Who keeps the note, and where, is not decided here.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from probes.last_stop import last_stop_clean

LEAST_SLEEP = 1.0
"""Seconds. The two clocks are not read at one instant; less than this is that difference."""


class Stopping(StrEnum):
    """What is on its way down."""

    MACHINE = "machine"
    AGENT = "agent"


class Clocks(msgspec.Struct, frozen=True):
    """Seconds that the machine was awake, from an arbitrary start within its boot, and seconds
    since it was booted, sleep included; None where the system cannot tell the two apart."""

    awake: float
    since_boot: float | None = None


class Note(msgspec.Struct, frozen=True):
    """What outlives the process. `beats` counts over all processes of one identity."""

    boot: str
    beats: int
    clocks: Clocks
    stopping: Stopping | None = None


@dataclass(frozen=True, slots=True)
class First:
    """Of the first beat of a process.

    Attributes:
        since_boot: seconds that this boot had lasted; None where the system cannot tell.
        same_boot: whether the machine ran on since the beat before; None without a note.
        clean: whether what ended before ended in order: the process, or with a new boot the
            machine; None = not known.
    """

    since_boot: float | None
    same_boot: bool | None
    clean: bool | None


@dataclass(frozen=True, slots=True)
class Beat:
    """One sign of life.

    Attributes:
        number: counts over all processes of one identity, from 1.
        awake: seconds awake since the beat before in this process; None at the first.
        slept: seconds of sleep since the beat before in this boot; None = none, or not known.
        stopping: set in the last beat of a process that ends in order.
    """

    number: int
    awake: float | None
    slept: float | None
    first: First | None
    stopping: Stopping | None


async def forget(note: Note) -> None:
    """For a life that leaves no note."""


class Life:
    """The beats of one process. `stopping` is set by its owner before the last one.

    Args:
        boot: which boot of the machine this is.
        before: what the process before left; None if there was none, or it cannot be read.
        keep: makes a note outlive the process; must not raise.
        clean_boot: whether the system's own diary calls the end of the last boot clean; may block.
    """

    def __init__(
        self,
        boot: str,
        before: Note | None = None,
        *,
        keep: Callable[[Note], Awaitable[None]] = forget,
        clocks: Callable[[], Clocks] | None = None,
        clean_boot: Callable[[], bool | None] = last_stop_clean,
    ) -> None:
        self.stopping: Stopping | None = None
        self._boot = boot
        self._before = before
        self._keep = keep
        self._clocks = clocks or read_clocks
        self._clean_boot = clean_boot
        self._latest: Note | None = None

    async def beat(self) -> Beat:
        """Take a beat, and note it."""
        last, before = self._latest, self._before
        first = await self._first() if last is None else None
        clocks, left = self._clocks(), last or before
        beat = Beat(
            number=left.beats + 1 if left else 1,
            awake=max(0.0, clocks.awake - last.clocks.awake) if last else None,
            slept=_slept(left.clocks, clocks) if left and left.boot == self._boot else None,
            first=first,
            stopping=self.stopping,
        )
        self._latest = Note(self._boot, beat.number, clocks, self.stopping)
        await self._keep(self._latest)
        return beat

    async def note_stopping(self) -> None:
        """Leave word of `stopping` without a beat."""
        left = self._latest or self._before
        beats = left.beats if left else 0
        await self._keep(Note(self._boot, beats, self._clocks(), self.stopping))

    async def _first(self) -> First:
        since_boot, before = self._clocks().since_boot, self._before
        if before is None:
            return First(since_boot, None, None)
        if before.boot == self._boot:
            return First(since_boot, True, before.stopping is not None)
        if before.stopping is Stopping.MACHINE:
            return First(since_boot, False, True)
        return First(since_boot, False, await asyncio.to_thread(self._clean_boot))


def note_or_none(text: str | None) -> Note | None:
    """The note that `encode_note` wrote; None for anything else."""
    try:
        return msgspec.json.decode(text, type=Note) if text else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def encode_note(note: Note) -> str:
    return msgspec.json.encode(note).decode()


def _slept(before: Clocks, now: Clocks) -> float | None:
    if before.since_boot is None or now.since_boot is None:
        return None
    slept = (now.since_boot - before.since_boot) - (now.awake - before.awake)
    return slept if slept >= LEAST_SLEEP else None


if sys.platform == "win32":

    def read_clocks() -> Clocks:
        """Interrupt time runs on in sleep and hibernation, unbiased interrupt time does not."""
        import ctypes

        ticks = ctypes.c_ulonglong()
        ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
        awake = ticks.value / 1e7
        try:
            # Of Windows 10 and later; not exported by kernel32.
            ctypes.WinDLL("api-ms-win-core-realtime-l1-1-1").QueryInterruptTime(ctypes.byref(ticks))
        except (OSError, AttributeError):
            return Clocks(awake)
        return Clocks(awake, ticks.value / 1e7)

else:

    def read_clocks() -> Clocks:
        """CLOCK_MONOTONIC stands still in sleep and hibernation, CLOCK_BOOTTIME does not."""
        boot_clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        since_boot = None if boot_clock is None else time.clock_gettime(boot_clock)
        return Clocks(time.monotonic(), since_boot)
