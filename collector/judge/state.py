"""From readings to states: a pure machine with hold times. It has no clock and asks no store.

It is told, at instants that only go forward, the value of a threshold's statistic or that there is
none. The same tellings give the same states; an instant told twice, or late, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from collector.register.model import Held, State
from config.threshold import Bound, Threshold

WORSE = (State.DEGRADED, State.DOWN)
"""The states that a bound leads to, the worse last."""
_RANK = {State.UP: 0, State.DEGRADED: 1, State.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Streak:
    """Since when all values have been on this side of a bound."""

    broken: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Track:
    """What is believed of one thing against one threshold.

    Attributes:
        held: the last state that was not unknown, `up` at first: nothing is suspected unmeasured.
        since: when what led to `state` began; None before anything was told.
        at: the newest instant that was told.
        value: the value told then; None = there was none.
        streaks: by state, of its bound; empty while there is no value.
    """

    state: State = State.UNKNOWN
    held: State = State.UP
    since: datetime | None = None
    at: datetime | None = None
    value: float | None = None
    streaks: Mapping[State, Streak] = field(default_factory=dict)


def resume(held: Held) -> Track:
    """A track after a restart: the state is as it was, and hold times begin anew."""
    return Track(held.state, held.held, held.since)


def bound_of(threshold: Threshold, state: State) -> Bound | None:
    """The bound that leads to `state`; None when this threshold never does, or for `up`."""
    return {State.DEGRADED: threshold.degraded, State.DOWN: threshold.down}.get(state)


def step(track: Track, threshold: Threshold, at: datetime, value: float | None) -> Track:
    """The track after `value` was told at `at`; None is no fresh value."""
    if track.at is not None and at <= track.at:
        return track
    if value is None:
        since = track.since if track.state is State.UNKNOWN else at
        return Track(State.UNKNOWN, track.held, since or at, at)
    streaks = _streaks(track, threshold, at, value)
    held = _held(track.held, streaks, threshold, at)
    # After silence, a state is taken up again only when the value agrees with it.
    known = track.state is not State.UNKNOWN or held is seen(threshold, value)
    state = held if known else State.UNKNOWN
    told = replace(track, held=held, at=at, value=value, streaks=streaks)
    if state is track.state:
        return replace(told, since=track.since or at)
    return replace(told, state=state, since=_began(track, held, streaks, at))


def seen(threshold: Threshold, value: float) -> State:
    """Where `value` alone would put the state, without any hold."""
    found = State.UP
    for state in WORSE:
        bound = bound_of(threshold, state)
        if bound is not None and threshold.breaks(value, bound):
            found = state
    return found


def _streaks(track: Track, threshold: Threshold, at: datetime, value: float) -> dict[State, Streak]:
    """A streak ends when the side changes, and when nothing was told for longer than a window."""
    fresh = track.at is None or at - track.at > threshold.window
    found = {}
    for state in WORSE:
        if (bound := bound_of(threshold, state)) is None:
            continue
        broken, before = threshold.breaks(value, bound), track.streaks.get(state)
        goes_on = before is not None and before.broken is broken and not fresh
        found[state] = before if before is not None and goes_on else Streak(broken, at)
    return found


def _held(
    held: State, streaks: Mapping[State, Streak], threshold: Threshold, at: datetime
) -> State:
    for state in reversed(WORSE):
        bound, streak = bound_of(threshold, state), streaks.get(state)
        if bound is None or streak is None or _RANK[state] <= _RANK[held]:
            continue
        if streak.broken and at - streak.since >= bound.hold:
            return state
    while held is not State.UP and _is_over(threshold, held, streaks.get(held), at):
        held = State.DEGRADED if held is State.DOWN else State.UP
    return held


def _is_over(threshold: Threshold, held: State, streak: Streak | None, at: datetime) -> bool:
    """A bound that policy no longer has holds nothing."""
    bound = bound_of(threshold, held)
    if bound is None or streak is None:
        return True
    return not streak.broken and at - streak.since >= bound.recovery


def _began(track: Track, held: State, streaks: Mapping[State, Streak], at: datetime) -> datetime:
    """When what led from one known state to another began; out of the unknown, now."""
    if track.state is State.UNKNOWN and held is track.held:
        return at
    worse = _RANK[held] > _RANK[track.held]
    streak = streaks.get(held if worse else track.held)
    return streak.since if streak else at
