"""Reads policies/counting.toml; a wrong key or number is a PolicyError that names file and key."""

from __future__ import annotations

from config.counting import ComputerRule, Counting
from config.policy import ORIGINS
from config.policy_folder import PolicyFolder, name_of
from config.strict import Table, read_toml, revision_of

FILE = "counting.toml"


def load_counting(folder: PolicyFolder) -> Counting:
    """Without a file nothing is counted."""
    path = folder / FILE
    if not path.exists():
        return Counting()
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        with top.table("evidence") as evidence:
            seen = _days(evidence, "seen_within_days")
            survey = _days(evidence, "survey_days")
        with top.table("rooms") as rooms:
            office, sets = (frozenset(rooms.words(key)) for key in ("office", "sets"))
        return Counting(
            student=_rule(top, "student_computers"),
            teacher=_rule(top, "teacher_computers"),
            seen_within_days=seen,
            survey_days=survey,
            office_rooms=office,
            gear_sets=sets,
            gear=frozenset(top.words("always_on")),
            origin=top.choice("origin", ORIGINS),
            revision=revision_of(data),
        )


def _days(table: Table, key: str) -> int:
    days = table.integer(key)
    if days < 1:
        raise table.error(key, "应至少为 1 天", "it is at least 1 day")
    return days


def _rule(top: Table, key: str) -> ComputerRule:
    with top.table(key) as table:
        return ComputerRule(*(frozenset(table.words(w)) for w in ("kinds", "uses", "rooms")))
