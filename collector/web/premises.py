"""What a school declares of itself, and its rooms, for its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.register.model import Agent, School
from collector.register.room import ROOM_TITLES, Room
from collector.register.school_facts import CLAIMS, COUNTS
from collector.register.sheet.columns import TITLES
from probes.text import Text

_YES_NO = {True: Text("是", "yes"), False: Text("否", "no")}


@dataclass(frozen=True, slots=True)
class RoomLine:
    """`agents`: how many stand in it, as people said."""

    room: Room
    kind: Text
    agents: int


def declared(school: School) -> tuple[tuple[Text, Text], ...]:
    """What it is called, and what is declared; what is not known is left out."""
    counts = [(key, school.counts[key]) for key in COUNTS if key in school.counts]
    claims = [(key, school.claims[key]) for key in CLAIMS if key in school.claims]
    return (
        *((TITLES[key], Text(str(n), str(n))) for key, n in counts),
        *((TITLES[key], _YES_NO[held]) for key, held in claims),
    )


def room_lines(school: School, agents: Iterable[Agent]) -> Sequence[RoomLine]:
    placed = Counter(agent.room for agent in agents if not agent.revoked)
    return [RoomLine(room, ROOM_TITLES[room.kind], placed[room.id]) for room in school.rooms]
