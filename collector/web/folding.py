"""What a page shows at once of many targets: those about the line. The others are folded, counted.

A county whose plans ask little sees everything at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from collector.judge.model import SchoolVerdict, Verdict
from config.policy import TargetValue
from probes.model import Unit

T = TypeVar("T")
MOST = 6
"""So many are shown whatever they are about."""


def is_of_line(target: TargetValue) -> bool:
    return target.unit is Unit.BITS_PER_SECOND


def fold(
    given: Sequence[T], target: Callable[[T], TargetValue]
) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """(shown at once, folded), each in the order given."""
    if len(given) <= MOST:
        return tuple(given), ()
    shown = tuple(each for each in given if is_of_line(target(each)))
    return shown, tuple(each for each in given if not is_of_line(target(each)))


def worst_first(verdicts: Iterable[SchoolVerdict]) -> list[SchoolVerdict]:
    """Verdicts of one kind keep their order."""
    order = (Verdict.NOT_MET, Verdict.UNDETERMINED, Verdict.MET, Verdict.NOT_APPLICABLE)
    return sorted(verdicts, key=lambda verdict: order.index(verdict.verdict))
