"""A school as a flat list of named facts and back: what is compared, hashed, imported, exported.

The keys are stable: they are the column keys of a CSV file and stand in the audit trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, get_args

from collector.register.model import (
    Claimed,
    Counted,
    Link,
    School,
    Seat,
    Stage,
)
from collector.register.room_facts import ROOM, room_from, room_text

Fact = str | int | None
Facts = dict[str, Fact]
"""Key -> value; None (or an absent key) where nothing is known."""

STAGES: tuple[Stage, ...] = get_args(Stage)
SEATS: tuple[Seat, ...] = get_args(Seat)[1:]
COUNTS: tuple[Counted, ...] = get_args(Counted)
CLAIMS: tuple[Claimed, ...] = get_args(Claimed)
MAX_LINKS = 9

_PLAIN = (
    "code",
    "name",
    "adcode",
    "unit_kind",
    "type_code",
    "urban_code",
    "policy_area",
    "seat",
    "teachers",
    "multigrade_classes",
    "attached_classes",
    "calendar",
    "time_zone",
)
LINK_FACTS = (
    "name",
    "isp",
    "medium",
    "role",
    "contract_down_bits_per_second",
    "contract_up_bits_per_second",
    "shared_classes",
)


def facts_of(school: School) -> Facts:
    """Every fact that is known about `school`; dates and revisions are not facts about it."""
    facts: Facts = {key: getattr(school, key) for key in _PLAIN}
    for stage in STAGES:
        facts[f"students.{stage}"] = school.students.get(stage)
        facts[f"classes.{stage}"] = (school.classes or {}).get(stage)
    facts |= {name: school.counts.get(name) for name in COUNTS}
    facts |= {name: school.claims.get(name) for name in CLAIMS}
    facts |= {f"{ROOM}{room.id}": room_text(room) for room in school.rooms}
    for number, link in enumerate(school.links, start=1):
        for key in LINK_FACTS:
            facts[f"link{number}.{key}"] = getattr(link, key)
    facts["tags"] = "|".join(sorted(school.tags))
    return {key: value for key, value in facts.items() if value not in (None, "")}


def school_from(facts: Mapping[str, Fact]) -> School:
    """The school with these facts; what is absent takes the default of `School`."""
    given: dict[str, Any] = {key: facts[key] for key in _PLAIN if facts.get(key) is not None}
    classes = _by_stage(facts, "classes")
    return School(
        **given,
        students=_by_stage(facts, "students"),
        classes=classes or None,
        counts={name: int(n) for name in COUNTS if (n := facts.get(name)) is not None},
        claims={name: bool(held) for name in CLAIMS if (held := facts.get(name)) is not None},
        rooms=tuple(
            room_from(key.removeprefix(ROOM), str(text))
            for key, text in sorted(facts.items())
            if key.startswith(ROOM) and text is not None
        ),
        links=_links(facts),
        tags=frozenset(filter(None, str(facts.get("tags") or "").split("|"))),
    )


def revision_of(school: School) -> str:
    """A short hash of the facts; equal facts have equal revisions."""
    text = json.dumps(facts_of(school), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(before: School | None, after: School) -> dict[str, tuple[Fact, Fact]]:
    """Fact -> (before, after), for those that differ; everything is new when there was nothing."""
    old, new = facts_of(before) if before else {}, facts_of(after)
    keys = list(dict.fromkeys([*new, *old]))
    return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


def _by_stage(facts: Mapping[str, Fact], what: str) -> dict[str, int]:
    numbers = ((stage, facts.get(f"{what}.{stage}")) for stage in STAGES)
    return {stage: int(number) for stage, number in numbers if number is not None}


def _links(facts: Mapping[str, Fact]) -> tuple[Link, ...]:
    links = []
    for number in range(1, MAX_LINKS + 1):
        found = {key: facts.get(f"link{number}.{key}") for key in LINK_FACTS}
        given: dict[str, Any] = {k: v for k, v in found.items() if v not in (None, "")}
        if any(given.values()):  # "0 shared classes" alone is no line
            links.append(Link(**{"name": f"link{number}", **given}))
    return tuple(links)
