"""One minute of a remote lesson against what makes it good. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from config.remote_class import RemoteClass
from probes.text import Text


class Grade(StrEnum):
    """Of a minute, and of a lesson. `unknown` is neither good nor bad."""

    GOOD = "good"
    POOR = "poor"
    BAD = "bad"
    UNKNOWN = "unknown"


class Criterion(StrEnum):
    LOSS = "loss"
    RTT = "rtt"
    JITTER = "jitter"
    UP = "up"
    DOWN = "down"
    MEETING = "meeting"


CRITERIA = {
    Criterion.LOSS: Text("丢包", "loss"),
    Criterion.RTT: Text("时延", "round trip"),
    Criterion.JITTER: Text("抖动", "jitter"),
    Criterion.UP: Text("上行余量", "free upload"),
    Criterion.DOWN: Text("下行余量", "free download"),
    Criterion.MEETING: Text("会议点", "meeting point"),
}


@dataclass(frozen=True, slots=True)
class Spare:
    """What is free of a line in one direction, bits a second.

    What the lesson itself carries counts as used here, so that too little `least` is no proof of a
    lack. A line that could not carry the lesson even if nobody else used it is one.

    Attributes:
        least: at least so much was free.
        most: the line carries no more than this in all; None = not known.
    """

    least: float
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What is known of one minute; None = not known.

    Attributes:
        meeting: whether the meeting point could be reached, and `meeting_rtt` how soon.
        sent, received: what the line carried, bits a second.
    """

    loss: float | None = None
    rtt: float | None = None
    jitter: float | None = None
    up: Spare | None = None
    down: Spare | None = None
    meeting: bool | None = None
    meeting_rtt: float | None = None
    sent: float | None = None
    received: float | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """The grade of a minute, the criteria that fail, and those of which nothing is known."""

    grade: Grade
    failed: tuple[Criterion, ...]
    unknown: tuple[Criterion, ...]


def examine(minute: Minute, rules: RemoteClass, *, has_meeting: bool) -> Examined:
    """`has_meeting`: the lesson names a meeting point, which must then be reached as well."""
    found = dict(_checks(minute, rules))
    if has_meeting:
        found[Criterion.MEETING] = _meeting(minute, rules.good.rtt)
    failed = tuple(criterion for criterion, holds in found.items() if holds is False)
    unknown = tuple(criterion for criterion, holds in found.items() if holds is None)
    if _is_bad(minute, rules, has_meeting=has_meeting):
        grade = Grade.BAD
    elif failed:
        grade = Grade.POOR
    else:
        grade = Grade.UNKNOWN if unknown else Grade.GOOD
    return Examined(grade, failed, unknown)


def _checks(minute: Minute, rules: RemoteClass) -> Iterator[tuple[Criterion, bool | None]]:
    good = rules.good
    yield Criterion.LOSS, _at_most(minute.loss, good.loss)
    # Where nothing came back there is no round trip to judge: the loss has said it.
    if minute.loss != 1:
        yield Criterion.RTT, _at_most(minute.rtt, good.rtt)
        yield Criterion.JITTER, _at_most(minute.jitter, good.jitter)
    yield Criterion.UP, _is_free(minute.up, good.available)
    yield Criterion.DOWN, _is_free(minute.down, good.available)


def _is_bad(minute: Minute, rules: RemoteClass, *, has_meeting: bool) -> bool:
    beyond = [
        _at_most(minute.loss, rules.bad.loss),
        _at_most(minute.rtt, rules.bad.rtt),
        _meeting(minute, rules.bad.rtt) if has_meeting else None,
    ]
    return False in beyond


def _meeting(minute: Minute, rtt: float) -> bool | None:
    if not minute.meeting:
        return minute.meeting
    return _at_most(minute.meeting_rtt, rtt)


def _at_most(value: float | None, bound: float) -> bool | None:
    return None if value is None else value <= bound


def _is_free(spare: Spare | None, wanted: float) -> bool | None:
    if spare is None:
        return None
    if spare.least >= wanted:
        return True
    return False if spare.most is not None and spare.most < wanted else None
