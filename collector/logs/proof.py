"""Are six months of a source's lines kept, and if not, when will they be? Dates in, an answer out.

Only whole days count, so today never does. A day is kept when it has lines that are still there as
they were sealed. Days without a line are missing once there are `silent_days` of them in a row; a
day that was altered, or deleted before its time, is missing by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby, pairwise

_DAY = timedelta(days=1)


class Cause(StrEnum):
    """Why days are missing."""

    SILENT = "silent"
    DAMAGED = "damaged"
    DELETED = "deleted"


class LogState(StrEnum):
    """`on_track`: nothing is missing, and it has not been long enough yet."""

    PROVEN = "proven"
    ON_TRACK = "on_track"
    GAPS = "gaps"
    DAMAGED = "damaged"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing days, both inclusive."""

    first: date
    last: date
    cause: Cause

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Days:
    """What is known of a source's days; today may be among them.

    Attributes:
        kept: with lines that are there.
        damaged: with lines that are not there any more as they were sealed.
        deleted: by retention.
    """

    kept: Collection[date]
    damaged: Collection[date] = ()
    deleted: Collection[date] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """As of one day.

    Attributes:
        first, last: the first and the last day that is kept; None if none is.
        days: how many are kept.
        gaps: in order; not those that retention deleted when they were old enough.
        days_kept: without a missing one, up to yesterday.
        missing_days: of the required ones before today.
        forecast: the first day on which it is proven if nothing more is missed; None if it is.
    """

    first: date | None
    last: date | None
    days: int
    gaps: tuple[Gap, ...]
    days_kept: int
    missing_days: int
    state: LogState
    forecast: date | None

    @property
    def proven(self) -> bool:
        return self.state is LogState.PROVEN


def prove(known: Days, today: date, required: int, silent_days: int) -> Proof:
    """`required`: days without a missing one; `silent_days`: so many in a row without a line are a
    gap, 1 or more."""
    kept = set(known.kept) - set(known.damaged) - set(known.deleted)
    missing = _missing(kept, known, today, silent_days)
    begun = min((*known.kept, *known.damaged, *known.deleted), default=today)
    unbroken = max(missing) + _DAY if missing else min(begun, today)
    days_kept = (today - unbroken).days
    window = {day for day in missing if (today - day).days <= required}
    shown = {day: why for day, why in missing.items() if why is not Cause.DELETED or day in window}
    state = _state(days_kept >= required, {missing[day] for day in window}, bool(kept))
    return Proof(
        first=min(kept, default=None),
        last=max(kept, default=None),
        days=len(kept),
        gaps=tuple(_spans(shown)),
        days_kept=days_kept,
        missing_days=len(window),
        state=state,
        forecast=None if state is LogState.PROVEN else unbroken + required * _DAY,
    )


def _missing(
    kept: Collection[date], known: Days, today: date, silent_days: int
) -> dict[date, Cause]:
    """Days before today that are missing, and why."""
    found = {day: Cause.DELETED for day in known.deleted if day < today}
    found |= {day: Cause.DAMAGED for day in known.damaged if day < today}
    heard = sorted({*(day for day in kept if day < today), *found})
    for before, after in pairwise([*heard, today]):
        silent = [before + n * _DAY for n in range(1, (after - before).days)]
        if len(silent) >= silent_days:
            found |= dict.fromkeys(silent, Cause.SILENT)
    return found


def _state(long_enough: bool, causes: Collection[Cause], heard: bool) -> LogState:
    if long_enough:
        return LogState.PROVEN
    if Cause.DAMAGED in causes:
        return LogState.DAMAGED
    if causes:
        return LogState.GAPS
    return LogState.ON_TRACK if heard else LogState.NEVER


def _spans(missing: Mapping[date, Cause]) -> Iterator[Gap]:
    """Days in a row that are missing for one cause."""
    days = sorted(missing)
    numbered = enumerate(days)
    for (_, cause), group in groupby(numbered, lambda n: (n[1] - n[0] * _DAY, missing[n[1]])):
        run = [day for _, day in group]
        yield Gap(run[0], run[-1], cause)
