"""Yes, no, or not known: how a question is answered before everything is known.

What is not known is neither met nor refuted, and combines with what is (Kleene's strong logic).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from probes.text import Text


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


ANSWERS: dict[Answer, Text] = {
    Answer.YES: Text("是", "yes"),
    Answer.NO: Text("否", "no"),
    Answer.UNKNOWN: Text("尚不清楚", "not known yet"),
}


def all_of(answers: Iterable[Answer]) -> Answer:
    """NO as soon as one is; YES of none."""
    found = set(answers)
    if Answer.NO in found:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in found else Answer.YES


def any_of(answers: Iterable[Answer]) -> Answer:
    """YES as soon as one is; NO of none."""
    found = set(answers)
    if Answer.YES in found:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in found else Answer.NO


def answer(truth: bool) -> Answer:
    return Answer.YES if truth else Answer.NO
