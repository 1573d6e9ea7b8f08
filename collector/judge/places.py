"""The places of a school in which something has to be: main teaching places, or an office's rooms.

A list of rooms is taken for complete unless the school declares that it has more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.judge.model import Verdict
from collector.judge.parts import Nothing, Parts, listed
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.room import Room
from probes.text import Text

NO_ROOMS = Text(
    "没有登记房间；用 rooms import 登记。", "No rooms are registered; `rooms import` adds them."
)
NOT_SAID = Text("未知", "not known")


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one place, and how. `has` is None where nothing is."""

    has: bool | None
    how: Text = NOT_SAID


def places_of(school: School, scene: Scene) -> list[Room]:
    """The main teaching places; of an education office its offices and meeting rooms."""
    if school.unit_kind == "office":
        return [room for room in school.rooms if room.kind in scene.counting.office_rooms]
    return [room for room in school.rooms if room.main_teaching_place]


def look_at(
    school: School, scene: Scene, tell: Callable[[Room], Told], method: str
) -> Parts | Nothing:
    """Each place once; those that are declared beyond the list are not known."""
    places = places_of(school, scene)
    declared = 0 if school.unit_kind == "office" else school.counts.get("main_teaching_places", 0)
    total = max(len(places), declared)
    if not total:
        return Nothing(Verdict.UNDETERMINED, NO_ROOMS)
    told = [tell(room) for room in places]
    unlisted = total - len(places)
    yes, no = (sum(one.has is has for one in told) for has in (True, False))
    return Parts(
        yes=yes,
        no=no,
        unknown=total - yes - no,
        reason=_reason(total, told, unlisted),
        layer="rooms",
        method=method,
    )


def _reason(total: int, told: Sequence[Told], unlisted: int) -> Text:
    counts = Counter(one.how for one in told)
    order = sorted(counts.items(), key=lambda item: (item[0] is NOT_SAID, -item[1]))
    words = listed([*order, (Text("未逐间登记", "not listed one by one"), unlisted)])
    return Text(f"共 {total} 处：{words.zh}。", f"Of {total} places: {words.en}.")
