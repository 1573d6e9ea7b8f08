"""The state of a duty from the finding of its evidence, and the score over all duties."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from collector.judge.model import DutyState, DutyStatus, Finding, Verdict
from collector.register.model import School
from config.policy import Duty

USUAL_LEVEL = 2
"""The protection level (等级保护) of a school whose register entry says nothing else."""
LEVEL_TAG = "protection-level-"

_STATES = {
    Verdict.MET: DutyState.PASS,
    Verdict.NOT_MET: DutyState.FAIL,
    Verdict.UNDETERMINED: DutyState.UNKNOWN,
    Verdict.NOT_APPLICABLE: DutyState.NOT_APPLICABLE,
}


def protection_level(school: School) -> int:
    """From a tag such as `protection-level-3`; the highest if there are several."""
    levels = [tag.removeprefix(LEVEL_TAG) for tag in school.tags if tag.startswith(LEVEL_TAG)]
    return max((int(level) for level in levels if level.isdecimal()), default=USUAL_LEVEL)


def judge_duty(school: School, duty: Duty, finding: Finding) -> DutyStatus:
    return DutyStatus(
        school=school.code,
        school_name=school.name,
        adcode=school.adcode,
        area=school.policy_area,
        duty=duty,
        state=_STATES[finding.verdict],
        finding=finding,
        advice=protection_level(school) not in duty.levels,
        register_revision=school.revision,
    )


def score(statuses: Iterable[DutyStatus]) -> Fraction | None:
    """(pass + attested) / all that apply and are required; None when nothing does.

    Unknown, error and waived stay in the denominator: silence never raises a score.
    """
    counted = [s for s in statuses if not s.advice and s.state is not DutyState.NOT_APPLICABLE]
    good = sum(1 for s in counted if s.state in (DutyState.PASS, DutyState.ATTESTED))
    return Fraction(good, len(counted)) if counted else None
