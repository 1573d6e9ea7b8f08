"""Shares of a whole of which some parts are not known, in exact fractions.

For schools of an area and devices of a school alike.
"""

from __future__ import annotations

from fractions import Fraction

from collector.judge.model import Verdict
from config.policy import Operator


def judge_share(
    met: int, not_met: int, undetermined: int, share: Fraction, operator: Operator
) -> Verdict:
    """Met if it holds whatever the undetermined are; not met if it fails whatever they are.

    NOT_APPLICABLE when there is no part at all.
    """
    total = met + not_met + undetermined
    if total == 0:
        return Verdict.NOT_APPLICABLE
    if operator.holds(Fraction(met, total), share):
        return Verdict.MET
    if not operator.holds(Fraction(met + undetermined, total), share):
        return Verdict.NOT_MET
    return Verdict.UNDETERMINED


def needed(total: int, share: Fraction, operator: Operator) -> int:
    """The smallest number of parts that satisfies the share: 1/3 of 7 is 3, more than half of 8 is
    5. 0 of nothing; more than `total` when no number does."""
    enough = (n for n in range(1, total + 1) if operator.holds(Fraction(n, total), share))
    return next(enough, total + 1) if total else 0
