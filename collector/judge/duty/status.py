"""The state of a duty from its parts, and the score over all duties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from collector.judge.duty.facts import judge_fact
from collector.judge.indicator import DutyEvidence
from collector.judge.model import DutyState, DutyStatus, Finding, PartStatus, Verdict
from collector.judge.scene import Scene
from collector.register.model import School
from config.duty import Attest, Check, Duty, FactCheck
from probes.text import Text

USUAL_LEVEL = 2
"""The protection level (等级保护) of a school whose register entry says nothing else."""
LEVEL_TAG = "protection-level-"
NOT_SIGNED = Text("尚无人签署。", "Nobody has signed for it yet.")

_STATES = {
    Verdict.MET: DutyState.PASS,
    Verdict.NOT_MET: DutyState.FAIL,
    Verdict.UNDETERMINED: DutyState.UNKNOWN,
    Verdict.NOT_APPLICABLE: DutyState.NOT_APPLICABLE,
}
_WORST_FIRST = (DutyState.FAIL, DutyState.ERROR, DutyState.UNKNOWN)
_VERDICTS = {
    DutyState.PASS: Verdict.MET,
    DutyState.ATTESTED: Verdict.MET,
    DutyState.FAIL: Verdict.NOT_MET,
    DutyState.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
}


def protection_level(school: School) -> int:
    """From a tag such as `protection-level-3`; the highest if there are several."""
    levels = [tag.removeprefix(LEVEL_TAG) for tag in school.tags if tag.startswith(LEVEL_TAG)]
    return max((int(level) for level in levels if level.isdecimal()), default=USUAL_LEVEL)


def judge_duty(
    school: School, duty: Duty, indicators: Mapping[str, DutyEvidence], scene: Scene
) -> DutyStatus:
    level = protection_level(school)
    parts = [
        *(_check(school, check, indicators, scene, level) for check in duty.checks),
        *(_attest(attest, level) for attest in duty.attests),
    ]
    advice = level not in duty.levels
    state = combine([p.state for p in parts if advice or not p.advice])
    return DutyStatus(
        school=school.code,
        school_name=school.name,
        adcode=school.adcode,
        area=school.policy_area,
        duty=duty,
        state=state,
        parts=tuple(parts),
        finding=_finding(state, parts),
        advice=advice,
        register_revision=school.revision,
    )


def _check(
    school: School, check: Check, indicators: Mapping[str, DutyEvidence], scene: Scene, level: int
) -> PartStatus:
    if isinstance(check, FactCheck):
        finding = judge_fact(school, check, scene)
    else:
        finding = indicators[check.indicator].judge(school, check, scene)
    return PartStatus(
        id=check.id,
        title=check.title,
        state=_STATES[finding.verdict],
        finding=finding,
        advice=level not in check.levels,
        part=check,
    )


def _attest(attest: Attest, level: int) -> PartStatus:
    return PartStatus(
        id=attest.id,
        title=attest.title,
        state=DutyState.UNKNOWN,
        finding=Finding(Verdict.UNDETERMINED, NOT_SIGNED),
        advice=level not in attest.levels,
        part=attest,
    )


def combine(states: Sequence[DutyState]) -> DutyState:
    """The worst part decides. What only people signed for is `attested`, never `pass`."""
    for state in _WORST_FIRST:
        if state in states:
            return state
    counted = [state for state in states if state is not DutyState.NOT_APPLICABLE]
    if not counted:
        return DutyState.NOT_APPLICABLE if states else DutyState.UNKNOWN
    signed = all(state is DutyState.ATTESTED for state in counted)
    return DutyState.ATTESTED if signed else DutyState.PASS


def _finding(state: DutyState, parts: Sequence[PartStatus]) -> Finding:
    """That of the part that made the state, with the legs of all."""
    making = next((p for p in parts if p.state is state), parts[0])
    legs = tuple(leg for part in parts for leg in part.finding.legs)
    if len(parts) == 1:
        return making.finding
    title, reason = making.title, making.finding.reason
    words = Text(f"{title.zh}：{reason.zh}", f"{title.en}: {reason.en}")
    return Finding(_VERDICTS.get(state, Verdict.UNDETERMINED), words, legs)


def score(statuses: Iterable[DutyStatus]) -> Fraction | None:
    """(pass + attested) / all that apply and are required; None when nothing does.

    Unknown, error and waived stay in the denominator: silence never raises a score.
    """
    counted = [s for s in statuses if not s.advice and s.state is not DutyState.NOT_APPLICABLE]
    good = sum(1 for s in counted if s.state in (DutyState.PASS, DutyState.ATTESTED))
    return Fraction(good, len(counted)) if counted else None
