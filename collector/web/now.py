"""How things stand now, for the eye: states with their marks, and the last flips of a school."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from collector.judge.standing import CONTACT, REASONS, WORST_FIRST, Standing, States
from collector.judge.state_rows import bounds_words
from collector.register.model import Agent, Flip
from collector.web.marks import NOT_JUDGED, NOW_MARKS, Mark
from probes.model import Unit
from probes.text import Text

NOW_ORDER = (*(NOW_MARKS[state] for state in WORST_FIRST), NOT_JUDGED)
MOST_FLIPS = 12
"""On a page; the API has the others."""
_WAITING = Text("首次判断还没有完成。", "The first round is not made yet.")


@dataclass(frozen=True, slots=True)
class Now:
    """The state of a school as a whole."""

    mark: Mark
    reason: Text
    since: datetime | None


@dataclass(frozen=True, slots=True)
class StateLine:
    """One thing that is watched; `where` is the machine, and the target if it is another."""

    standing: Standing
    mark: Mark
    where: str
    bounds: Text


@dataclass(frozen=True, slots=True)
class FlipLine:
    """One change of state; `where` is empty for the school as a whole."""

    flip: Flip
    title: Text
    where: str
    before: Mark
    after: Mark
    unit: Unit
    reason: Text | None


def now_of(states: States, school: str) -> Now:
    found = states.schools.get(school)
    if found is None:
        return Now(NOT_JUDGED, _WAITING, None)
    return Now(NOW_MARKS[found.state], found.reason, found.since)


def state_lines(states: States, school: str, agents: Mapping[str, Agent]) -> list[StateLine]:
    """The worst first; those that say nothing about the school at the end."""
    lines = [
        StateLine(
            standing=standing,
            mark=NOW_MARKS[standing.state],
            where=_where(agents, standing.watched.agent, standing.watched.target),
            bounds=bounds_words(standing.threshold),
        )
        for standing in states.of(school)
    ]
    return sorted(lines, key=lambda line: not line.standing.counts)


def flip_lines(
    flips: list[Flip], title: Callable[[str], Text], agents: Mapping[str, Agent]
) -> list[FlipLine]:
    """`title` of a threshold, or of what may be found on a network."""
    return [
        FlipLine(
            flip=flip,
            title=title(flip.watched.threshold),
            where=""
            if flip.watched.threshold == CONTACT.id
            else _where(agents, flip.watched.agent, flip.watched.target),
            before=NOW_MARKS[flip.before],
            after=NOW_MARKS[flip.after],
            unit=Unit(flip.unit),
            reason=REASONS.get(flip.reason),
        )
        for flip in flips
    ]


def _where(agents: Mapping[str, Agent], agent: str, target: str) -> str:
    machine = agents[agent].hostname if agent in agents else ""
    return " → ".join(part for part in (machine or agent[:8], target) if part and part != "local")
