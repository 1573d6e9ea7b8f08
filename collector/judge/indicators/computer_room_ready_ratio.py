"""计算机教室就绪率: the share of registered seats whose computer lately proved that it starts.

A computer that was off is not broken: its seat may have been empty. It is not known.
"""

from __future__ import annotations

from typing import ClassVar

from collector.judge.model import LegName
from collector.judge.parts import Nothing, Parts, PartsIndicator
from collector.judge.presence.gather import BEATS
from collector.judge.scene import Scene
from collector.judge.seats import NO_COMPUTER_ROOM, computer_rooms, parts_of, seats_ready
from collector.register.model import School
from collector.store import MetricRef
from probes.model import Role
from probes.text import Text

LATELY = 5
"""School days: a week of lessons, in which every room's timetable has come round once."""
_PCS = frozenset({Role.PC})


class ComputerRoomsReady(PartsIndicator):
    name: ClassVar[str] = "computer_room_ready_ratio"
    title: ClassVar[Text] = Text("计算机教室就绪率", "Computer rooms ready")
    meaning: ClassVar[Text] = Text(
        f"最近 {LATELY} 个上课日内在上课时间开过机的座位占登记机位的比例；没有机房课表，所以看"
        "全部上课时间。没有开过的、没有接入的是未知，不是损坏。",
        f"Share of registered seats whose computer was on in a lesson and sent a beat within "
        f"{LATELY} school days; there is no timetable of rooms, so all lessons count. One that was "
        "not on, or has no agent, is not known, and not broken.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (BEATS,)
    method: ClassVar[MetricRef] = BEATS
    leg: ClassVar[LegName] = LegName.SEATS

    def concerns(self, school: School, scene: Scene) -> bool:
        return bool(computer_rooms(school))

    def look(self, school: School, scene: Scene) -> Parts | Nothing:
        rooms = computer_rooms(school)
        if not rooms:
            return NO_COMPUTER_ROOM
        beats = scene.newest(BEATS, school)
        fresh = {a for a, beat in beats.items() if scene.is_fresh(school, beat.at, LATELY)}
        uses = scene.uses(school, scene.agents(school, _PCS))
        on = fresh & {use.agent for use in uses if use.on}
        looked = [seats_ready(room, scene.placed(school), on) for room in rooms]
        newest = max((beats[agent].at for agent in on), default=None)
        return parts_of(looked, scene.bounds(school), newest)
