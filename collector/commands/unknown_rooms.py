"""A word on devices that are declared to be in rooms which their school has not registered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from collector.commands.output import say
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.inventory.declaring import Step
    from collector.register.model import School

_SHOWN = 20


def say_unknown_rooms(steps: Sequence[Step], schools: Iterable[School], language: Language) -> None:
    """No mistake: a room may be registered later. Until then no figure of rooms counts the device.
    Nothing is said of schools that have registered no rooms at all."""
    rooms = {school.code: {room.id for room in school.rooms} for school in schools}
    said = [(step.row.school, step.wish.said.get("room") or "") for step in steps]
    unknown = sorted({(c, r) for c, r in said if r and rooms.get(c) and r not in rooms[c]})
    for code, room in unknown[:_SHOWN]:
        known = ", ".join(sorted(rooms[code])[:_SHOWN])
        say(
            Text(
                f"提示：学校 {code} 没有登记房间“{room}”，按房间统计时不会算上；已登记：{known}。",
                f"Note: the school {code} has no room {room!r}, so counts by room leave the device "
                f"out; it has {known}.",
            ),
            language,
        )
    if unknown[_SHOWN:]:
        more = len(unknown) - _SHOWN
        say(Text(f"另有 {more} 个房间没有登记。", f"{more} more rooms are unknown."), language)
