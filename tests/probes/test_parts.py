from __future__ import annotations

from collections.abc import Callable

import pytest

from probes.model import Outcome, ProbeError
from probes.parts import Facts, look_at
from probes.posture import boolean
from probes.text import Text

A, B = (boolean(name, Text("甲", "a"), Text("甲。", "A.")) for name in ("a", "b"))


def raising(error: Exception) -> Callable[[], Facts]:
    def look() -> Facts:
        raise error

    return look


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "no"), "no_privilege"),
        (FileNotFoundError(2, "no"), "no_source"),
        (IsADirectoryError(21, "no"), "unreadable"),
        (ValueError("x"), "unreadable"),
        (ProbeError("not_here"), "not_here"),
    ],
)
def test_part_that_cannot_be_read_says_why(error: Exception, reason: str) -> None:
    (reading,) = look_at((A, B), "x", raising(error))
    assert (reading.outcome, reading.reason, reading.values) == (Outcome.NOT_RUN, reason, {})


def test_value_that_could_not_be_learned_is_a_reading_beside_those_that_were() -> None:
    known, unknown = look_at((A, B), "x", lambda: Facts("file", {"a": 0, "b": None}, "undecided"))
    assert (known.values, known.outcome) == ({A: 0}, Outcome.OK)
    assert (unknown.values, unknown.reason) == ({}, "undecided")
    assert known.labels == unknown.labels


def test_nothing_learned_is_one_reading_without_values() -> None:
    (reading,) = look_at((A, B), "x", lambda: Facts("file", {"a": None, "b": None}))
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "unreadable")
