"""A verdict for the eye: symbol, word and colour together, so that none of them is needed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from collector.judge.line import LINE_TITLES
from collector.judge.model import STATE_TITLES, VERDICT_TITLES, DutyState, Verdict
from collector.judge.standing import STATES
from collector.register.model import State
from probes.text import Text


@dataclass(frozen=True, slots=True)
class Mark:
    """`kind` names the colour in the style sheet."""

    symbol: str
    kind: str
    title: Text


MARKS: dict[Verdict, Mark] = {
    Verdict.MET: Mark("✓", "good", VERDICT_TITLES[Verdict.MET]),
    Verdict.NOT_MET: Mark("✗", "bad", VERDICT_TITLES[Verdict.NOT_MET]),
    Verdict.UNDETERMINED: Mark("?", "unknown", VERDICT_TITLES[Verdict.UNDETERMINED]),
    Verdict.NOT_APPLICABLE: Mark("–", "none", VERDICT_TITLES[Verdict.NOT_APPLICABLE]),
}
STATE_MARKS: dict[DutyState, Mark] = {
    DutyState.PASS: Mark("✓", "good", STATE_TITLES[DutyState.PASS]),
    DutyState.FAIL: Mark("✗", "bad", STATE_TITLES[DutyState.FAIL]),
    DutyState.NOT_APPLICABLE: Mark("–", "none", STATE_TITLES[DutyState.NOT_APPLICABLE]),
    DutyState.UNKNOWN: Mark("?", "unknown", STATE_TITLES[DutyState.UNKNOWN]),
    DutyState.ERROR: Mark("!", "unknown", STATE_TITLES[DutyState.ERROR]),
    DutyState.WAIVED: Mark("○", "waived", STATE_TITLES[DutyState.WAIVED]),
    DutyState.ATTESTED: Mark("✎", "good", STATE_TITLES[DutyState.ATTESTED]),
}
LINE_MARKS: dict[Verdict, Mark] = {
    Verdict.MET: Mark("✓", "good", LINE_TITLES[Verdict.MET]),
    Verdict.NOT_MET: Mark("✗", "bad", LINE_TITLES[Verdict.NOT_MET]),
    Verdict.UNDETERMINED: Mark("?", "unknown", LINE_TITLES[Verdict.UNDETERMINED]),
}
NOW_MARKS: dict[State, Mark] = {
    State.UP: Mark("✓", "good", STATES[State.UP]),
    State.DEGRADED: Mark("▼", "worse", STATES[State.DEGRADED]),
    State.DOWN: Mark("✗", "bad", STATES[State.DOWN]),
    State.UNKNOWN: Mark("?", "unknown", STATES[State.UNKNOWN]),
}

SOME_WAIVED = Mark("○", "waived", Text("有豁免", "some waived"))
ALL_GOOD = Mark("✓", "good", Text("全部达标", "all met"))
SOME_BAD = Mark("✗", "bad", Text("有未达标", "some not met"))
SOME_UNKNOWN = Mark("?", "unknown", Text("有无法判定", "some undetermined"))
NOTHING_ASKED = Mark("–", "none", Text("无适用要求", "nothing applies"))
NO_VERDICT = Mark("–", "none", Text("无判定", "no verdict"))
NOT_JUDGED = Mark("?", "unknown", Text("尚未判定", "not judged yet"))
OVERALL = (SOME_BAD, SOME_UNKNOWN, SOME_WAIVED, ALL_GOOD, NOTHING_ASKED, NO_VERDICT, NOT_JUDGED)
"""How a school stands as a whole, the most pressing first."""


def overall(marks: Collection[Mark]) -> Mark:
    """One bad mark outweighs all else, then one unknown: silence is never all good."""
    if not marks:
        return NO_VERDICT
    kinds = {mark.kind for mark in marks}
    ranked = (SOME_BAD, SOME_UNKNOWN, SOME_WAIVED, ALL_GOOD)
    return next((mark for mark in ranked if mark.kind in kinds), NOTHING_ASKED)
