"""What a duty asks and what an assessor would write of it, in a few words, and as a number where
there is one."""

from __future__ import annotations

from fractions import Fraction

from collector.judge.model import (
    ASSESSED_TITLES,
    Assessed,
    DutyState,
    DutyStatus,
    MachineState,
    PartStatus,
)
from config.duty import Check, Duty, FactCheck
from config.policy import Operator
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

_SIGNS = {Operator.AT_LEAST: "≥", Operator.AT_MOST: "≤"}


def asked(duty: Duty) -> Text:
    """`≥ 100%` of a duty with one check; `3 项` of one with several parts."""
    parts = [*duty.checks, *duty.attests]
    if len(parts) == 1 and duty.checks:
        return bound_of(duty.checks[0])
    return Text(f"{len(parts)} 项", f"{len(parts)} parts" if len(parts) > 1 else "1 part")


def bound_of(check: Check) -> Text:
    """What is held against the figure that is shown: of machines, their share."""
    operator, value, unit = bound(check)
    sign, shown = _SIGNS.get(operator, operator.value), show_both(value, unit)
    return Text(f"{sign} {shown.zh}", f"{sign} {shown.en}")


def bound(check: Check) -> tuple[Operator, Fraction, Unit]:
    if isinstance(check, FactCheck):
        return Operator.AT_LEAST, check.share, Unit.RATIO
    return check.operator, check.value, check.unit


def only_bound(duty: Duty) -> tuple[Fraction | None, Unit]:
    """The number that a duty with one part asks for; None where there is no such number."""
    if len(duty.checks) == 1 and not duty.attests:
        _, value, unit = bound(duty.checks[0])
        return value, unit
    return None, Unit.RATIO


_ASSESSED = {
    DutyState.PASS: Assessed.CONFORMS,
    DutyState.ATTESTED: Assessed.CONFORMS,
    DutyState.NOT_APPLICABLE: Assessed.NOT_APPLICABLE,
    DutyState.UNKNOWN: Assessed.UNCHECKED,
    DutyState.ERROR: Assessed.UNCHECKED,
}
Ratio = tuple[int, int]
"""So many of so many conform."""


def assessed_part(part: PartStatus) -> tuple[Assessed, Ratio | None]:
    """As it is, whatever was waived; the machines that conform, of those that can."""
    states = [machine.state for machine in part.machines]
    met, asked = states.count(MachineState.MET), len(states) - states.count(MachineState.NOT_HERE)
    ratio = (met, asked) if asked else None
    if part.beneath is not DutyState.FAIL:
        return _ASSESSED[part.beneath], ratio
    return (Assessed.PARTLY if met else Assessed.FAILS), ratio


def assessed(status: DutyStatus) -> tuple[Assessed, Ratio | None]:
    """As it is, whatever was waived. Of several parts some suffice for `partly`."""
    required = status.required
    if len(required) == 1:
        return assessed_part(required[0])
    words = [assessed_part(part)[0] for part in required]
    asked = [word for word in words if word is not Assessed.NOT_APPLICABLE]
    ratio = (asked.count(Assessed.CONFORMS), len(asked)) if asked else None
    if status.beneath is not DutyState.FAIL:
        return _ASSESSED[status.beneath], ratio
    some = Assessed.CONFORMS in words or Assessed.PARTLY in words
    return (Assessed.PARTLY if some else Assessed.FAILS), ratio


def ratio_words(word: Assessed, ratio: Ratio | None) -> Text:
    """`部分符合（9/11）`: an assessor's `partly` is never without its ratio."""
    title = ASSESSED_TITLES[word]
    if ratio is None or word is not Assessed.PARTLY:
        return title
    return Text(f"{title.zh}（{ratio[0]}/{ratio[1]}）", f"{title.en} ({ratio[0]}/{ratio[1]})")
