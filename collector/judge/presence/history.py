"""From the runs of an agent, and the times at which its school was heard, to what its device was.

Pure, and without memory: beats that arrive late change the answer for the past. What a device says
of its own past outweighs what its silence suggests, except where its disk was rolled back; and
while nothing is heard of a whole school, silence says nothing about any of its devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from collector.judge.presence.model import Cause, DeviceState, History, Run, Span, Stretch

FORGIVEN_BEATS = 10
"""A power cut can cost the newest notes of a disk; a restore card costs more than these."""

ON, ASLEEP, OFF = DeviceState.ON, DeviceState.ASLEEP, DeviceState.OFF
CRASHED, UNKNOWN = DeviceState.CRASHED, DeviceState.UNKNOWN


def history(
    runs: Sequence[Run], heard: Sequence[Span], since: datetime, until: datetime, grace: timedelta
) -> History:
    """What the device was over [since, until).

    Args:
        runs: of its agent, in any order; those before `since` help to understand those after.
        heard: when any device of the school was heard, this one among them.
        grace: how long beats may be on their way; a shorter silence means nothing.
    """
    ordered = sorted(runs, key=lambda run: (run.first, run.last))
    site = _Site(heard, grace)
    rolled_back = _rolled_back(ordered)
    if not ordered:
        found = list(site.while_heard(Stretch(since, until, UNKNOWN, Cause.NO_BEATS)))
    else:
        found = [
            *_before(ordered[0], since),
            *_runs_and_gaps(ordered, rolled_back, site),
            *_after(ordered, site, until),
        ]
    whole = History(tuple(_tidy(found)), len(rolled_back), _is_restore_card(ordered, rolled_back))
    return History(whole.within(Span(since, until)), whole.rolled_back, whole.restore_card)


class _Site:
    """When the school was heard."""

    def __init__(self, heard: Sequence[Span], grace: timedelta) -> None:
        self._heard = heard
        self.grace = grace

    def while_heard(self, silence: Stretch, grace: timedelta = timedelta()) -> Iterator[Stretch]:
        """`silence` where the school was heard, unknown where it was not.

        The end of a school's line is not seen by all its devices at once: heard for less than
        `grace` at the beginning of the silence is not heard.
        """
        at = silence.since
        for span in self._heard:
            part = span.within(silence)
            if not part.length or part.until <= silence.since + grace:
                continue
            begin = at if part.since <= silence.since + grace else part.since
            yield Stretch(at, begin, UNKNOWN, Cause.SITE_SILENT)
            yield Stretch(begin, part.until, silence.state, silence.cause)
            at = part.until
        # The newest beats of the others are on their way as well.
        if silence.until - at <= self.grace:
            yield Stretch(at, silence.until, silence.state, silence.cause)
        else:
            yield Stretch(at, silence.until, UNKNOWN, Cause.SITE_SILENT)


def _before(first: Run, since: datetime) -> Iterator[Stretch]:
    """Before the first run that is known, of which only that run can tell."""
    begin = first.booted or first.first
    if first.same_boot:
        yield Stretch(since, begin, UNKNOWN, Cause.NO_BEATS)
        yield from _awake(first, begin)
        return
    state, cause = UNKNOWN, Cause.NO_BEATS
    if first.clean is not None:
        state, cause = (OFF, Cause.TOLD_CLEAN) if first.clean else (CRASHED, Cause.TOLD_CRASH)
    yield Stretch(since, begin, state, cause)
    yield from _awake(first, begin)


def _runs_and_gaps(
    runs: Sequence[Run], rolled_back: Sequence[Run], site: _Site
) -> Iterator[Stretch]:
    for before, run in pairwise(runs):
        begin = _begin(before, run)
        yield from _gap(before, run, Span(before.last, begin), run in rolled_back, site)
        yield from _awake(run, begin)


def _begin(before: Run, run: Run) -> datetime:
    """When the machine was on again. Two copies of one identity may beat at the same time."""
    if run.same_boot or run.booted is None:
        return max(before.last, run.first)
    return max(before.last, min(run.booted, run.first))


def _awake(run: Run, begin: datetime) -> Iterator[Stretch]:
    at = begin
    for sleep in run.sleeps:
        slept = sleep.within(Span(at, max(at, run.last)))
        yield Stretch(at, slept.since, ON, Cause.BEATS)
        yield Stretch(slept.since, slept.until, ASLEEP, Cause.SLEPT)
        at = max(at, slept.until)
    yield Stretch(at, run.last, ON, Cause.BEATS)


def _gap(before: Run, run: Run, gap: Span, is_rolled_back: bool, site: _Site) -> Iterator[Stretch]:
    """Between two runs: first what the device said itself, then what its silence suggests."""
    if run.same_boot:
        yield from _ran_on(run, gap)
        return
    state, cause = _why_silent(before, run, is_rolled_back)
    silence = Stretch(gap.since, gap.until, state, cause)
    told = run.same_boot is False and not is_rolled_back
    if told and cause in (Cause.GOODBYE, Cause.TOLD_CLEAN, Cause.TOLD_CRASH):
        yield silence
    else:
        yield from site.while_heard(silence, site.grace)


def _ran_on(run: Run, gap: Span) -> Iterator[Stretch]:
    """The agent was away, the machine was not; its first beat knows of sleep in between."""
    asleep = [sleep.within(gap) for sleep in run.sleeps if sleep.until <= run.first]
    at = gap.since
    for sleep in asleep:
        yield Stretch(at, sleep.since, ON, Cause.RAN_ON)
        yield Stretch(sleep.since, sleep.until, ASLEEP, Cause.SLEPT)
        at = sleep.until
    yield Stretch(at, gap.until, ON, Cause.RAN_ON)


def _why_silent(before: Run, run: Run, is_rolled_back: bool) -> tuple[DeviceState, Cause]:
    if before.stop and before.stop.machine:
        return OFF, Cause.GOODBYE
    if is_rolled_back:
        return OFF, Cause.RESTORED
    if run.clean is not None:
        return (OFF, Cause.TOLD_CLEAN) if run.clean else (CRASHED, Cause.TOLD_CRASH)
    if before.stop:
        return UNKNOWN, Cause.AGENT_STOPPED
    if run.same_boot is False:
        return CRASHED, Cause.NO_WORD
    return (OFF, Cause.NO_TESTIMONY) if run.booted else (UNKNOWN, Cause.LOST)


def _after(runs: Sequence[Run], site: _Site, until: datetime) -> Iterator[Stretch]:
    """Since the last beat; nothing of the device can tell yet."""
    last = runs[-1]
    if last.stop and last.stop.machine:
        yield from site.while_heard(Stretch(last.last, until, OFF, Cause.GOODBYE))
    elif last.stop:
        yield Stretch(last.last, until, UNKNOWN, Cause.AGENT_STOPPED)
    elif until - last.last <= site.grace:
        yield Stretch(last.last, until, ON, Cause.BEATS)
    else:
        sleeper = any(run.sleeps for run in runs)
        state, cause = (ASLEEP, Cause.SLEEPER) if sleeper else (CRASHED, Cause.NO_WORD)
        yield from site.while_heard(Stretch(last.last, until, state, cause), site.grace)


def _rolled_back(runs: Sequence[Run]) -> list[Run]:
    """The runs that began without knowing of beats that had arrived before."""
    found, most = [], 0
    for run in runs:
        if not run.same_boot and run.beats_from + FORGIVEN_BEATS <= most:
            found.append(run)
        most = max(most, run.beats_to)
    return found


def _is_restore_card(runs: Sequence[Run], rolled_back: Sequence[Run]) -> bool:
    starts = [run.beats_from for run in runs if not run.same_boot]
    return any(starts.count(run.beats_from) > 1 for run in rolled_back)


def _tidy(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Without those of no length, and as one where neighbours are alike."""
    kept: Stretch | None = None
    for each in stretches:
        if not each.length:
            continue
        if kept and (kept.state, kept.cause) == (each.state, each.cause):
            kept = Stretch(kept.since, each.until, each.state, each.cause)
            continue
        if kept:
            yield kept
        kept = each
    if kept:
        yield kept
