"""The state of a duty from its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.judge.duty.attests import judge_attest
from collector.judge.duty.facts import STATES, finding_of, state_of
from collector.judge.duty.machines import look
from collector.judge.duty.waive import waive
from collector.judge.indicator import DutyEvidence
from collector.judge.model import (
    DutyState,
    DutyStatus,
    Finding,
    Freshness,
    PartStatus,
    Verdict,
)
from collector.judge.scene import Scene
from collector.register.model import School
from config.duty import Duty, FactCheck, IndicatorCheck
from probes.text import Text

USUAL_LEVEL = 2
"""The protection level (等级保护) of a school whose register entry says nothing else."""
LEVEL_TAG = "protection-level-"
NO_PART = Text("该校的保护等级下没有必须检查的部分。", "At this level no part of it is required.")

_WORST_FIRST = (DutyState.FAIL, DutyState.ERROR, DutyState.UNKNOWN, DutyState.WAIVED)
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
    parts = _parts(school, duty, indicators, scene)
    advice = protection_level(school) not in duty.levels
    required = [part for part in parts if advice or not part.advice]
    state = combine([part.state for part in required])
    return DutyStatus(
        school=school.code,
        school_name=school.name,
        adcode=school.adcode,
        area=school.policy_area,
        duty=duty,
        state=state,
        beneath=combine([part.beneath for part in required]),
        parts=parts,
        finding=_finding(state, required, parts),
        advice=advice,
        register_revision=school.revision,
    )


def _parts(
    school: School, duty: Duty, indicators: Mapping[str, DutyEvidence], scene: Scene
) -> tuple[PartStatus, ...]:
    level = protection_level(school)
    parts: list[PartStatus] = []
    for check in duty.checks:
        advice = level not in check.levels
        if isinstance(check, FactCheck):
            parts.append(_fact(school, check, scene, advice))
        else:
            parts.append(_indicator(school, check, indicators, scene, advice))
    parts += [
        judge_attest(school, duty, attest, scene.papers, advice=level not in attest.levels)
        for attest in duty.attests
    ]
    return tuple(waive(part, scene.papers.waived(school.code, duty.id, part.id)) for part in parts)


def _fact(school: School, check: FactCheck, scene: Scene, advice: bool) -> PartStatus:
    machines = look(school, check, scene)
    state = state_of(machines, check)
    known = [m.at for m in machines if m.at and m.value is not None]
    stale = any(machine.stale for machine in machines)
    return PartStatus(
        id=check.id,
        title=check.title,
        state=state,
        beneath=state,
        finding=finding_of(machines, check),
        advice=advice,
        part=check,
        freshness=Freshness.STALE if stale else Freshness.FRESH if known else Freshness.NONE,
        newest=max(known, default=None),
        machines=machines,
    )


def _indicator(
    school: School,
    check: IndicatorCheck,
    indicators: Mapping[str, DutyEvidence],
    scene: Scene,
    advice: bool,
) -> PartStatus:
    finding = indicators[check.indicator].judge(school, check, scene)
    state = STATES[finding.verdict]
    ages = [leg.evidence.newest for leg in finding.legs if leg.evidence.newest]
    return PartStatus(
        id=check.id,
        title=check.title,
        state=state,
        beneath=state,
        finding=finding,
        advice=advice,
        part=check,
        freshness=Freshness.FRESH if ages else Freshness.NONE,
        newest=max(ages, default=None),
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


def _finding(
    state: DutyState, required: Sequence[PartStatus], parts: Sequence[PartStatus]
) -> Finding:
    """That of the part that made the state, with the legs of all."""
    if not required:
        return Finding(Verdict.UNDETERMINED, NO_PART)
    making = next((p for p in required if p.state is state), required[0])
    if len(parts) == 1:
        return making.finding
    legs = tuple(leg for part in parts for leg in part.finding.legs)
    title, reason = making.title, making.finding.reason
    words = Text(f"{title.zh}：{reason.zh}", f"{title.en}: {reason.en}")
    return Finding(_VERDICTS.get(state, Verdict.UNDETERMINED), words, legs)
