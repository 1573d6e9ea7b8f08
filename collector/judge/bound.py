"""What a target value asks for, in words: the same on pages, in tables and in answers."""

from __future__ import annotations

from config.policy import Operator, TargetValue
from config.quantity import show_both
from probes.model import Unit
from probes.text import Text

_SIGNS = {Operator.AT_LEAST: "≥", Operator.AT_MOST: "≤"}
_TO_ONE = ":1"


def bound_of(target: TargetValue) -> Text:
    """`≥ 4 Mbit/s`; `≤ 6:1`; of what is yes or no, that yes is asked."""
    if target.unit is Unit.BOOLEAN:
        return Text("要求“是”", "yes is asked")
    sign = _SIGNS.get(target.operator, target.operator.value)
    shown = show_both(target.value, target.unit)
    if target.written.endswith(_TO_ONE):
        shown = Text(target.written, target.written)
    return Text(f"{sign} {shown.zh}", f"{sign} {shown.en}")
