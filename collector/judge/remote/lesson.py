"""The minutes of one remote lesson as a whole: how good it was, and whether it was held. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from collector.judge.remote.minute import Criterion, Examined, Grade, Minute, examine
from collector.remote.occasions import Occasion
from config.remote_class import HeldRule, RemoteClass

_LEAST_BEFORE = 5
"""Minutes before a lesson, to say what was usual."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of a lesson: each minute, and the upload of the minutes before it (bit/s)."""

    minutes: tuple[Minute, ...]
    before: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedLesson:
    """One scheduled lesson.

    Attributes:
        held: None = traffic does not tell.
        failed: in how many minutes each criterion failed.
        unknown: in how many minutes nothing is known of it.
    """

    occasion: Occasion
    grade: Grade
    held: bool | None
    failed: Counter[Criterion]
    unknown: Counter[Criterion]


def judge_lesson(occasion: Occasion, observed: Observed, rules: RemoteClass) -> JudgedLesson:
    has_meeting = occasion.lesson.meeting is not None
    examined = [examine(minute, rules, has_meeting=has_meeting) for minute in observed.minutes]
    return JudgedLesson(
        occasion=occasion,
        grade=grade_of(examined, rules),
        held=was_held(observed, rules),
        failed=Counter(criterion for one in examined for criterion in one.failed),
        unknown=Counter(
            criterion for one in examined if one.grade is Grade.UNKNOWN for criterion in one.unknown
        ),
    )


def grade_of(minutes: Sequence[Examined], rules: RemoteClass) -> Grade:
    """Good if enough of the known minutes are; bad if bad ones alone keep it from being good."""
    grades = Counter(minute.grade for minute in minutes)
    known = len(minutes) - grades[Grade.UNKNOWN]
    if known < rules.lesson.minimum_minutes:
        return Grade.UNKNOWN
    wanted = rules.lesson.good_share
    if Fraction(grades[Grade.GOOD], known) >= wanted:
        return Grade.GOOD
    return Grade.BAD if Fraction(known - grades[Grade.BAD], known) < wanted else Grade.POOR


def was_held(observed: Observed, rules: RemoteClass) -> bool | None:
    """What the traffic of the line proves: True if the upload rose and stayed so, False if the line
    was as good as idle, else None."""
    rule = rules.held
    seen = [m for m in observed.minutes if m.sent is not None and m.received is not None]
    if len(seen) < rules.lesson.minimum_minutes:
        return None
    quiet = [m for m in seen if max(m.sent or 0, m.received or 0) < rule.quiet]
    if Fraction(len(quiet), len(observed.minutes)) >= rule.share:
        return False
    return True if _rose(observed, rule) else None


def _rose(observed: Observed, rule: HeldRule) -> bool:
    if len(observed.before) < _LEAST_BEFORE:
        return False
    bound = median(observed.before) + rule.rise
    raised = sum(minute.sent is not None and minute.sent >= bound for minute in observed.minutes)
    return Fraction(raised, len(observed.minutes)) >= rule.share
