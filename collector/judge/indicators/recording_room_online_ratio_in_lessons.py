"""录播教室在线率: how steadily the recorders of a school's recording rooms answered in lessons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from collector.inventory.model import Device, DeviceKind
from collector.judge.gear import NOT_ASKED, SEEN, Answered, answered
from collector.judge.gear_figure import worst_of
from collector.judge.indicator import ObservedIndicator
from collector.judge.model import Figure
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.room import Room, RoomKind
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text

ROOMS = (RoomKind.RECORDING_ROOM, RoomKind.REMOTE_CLASS_ROOM)
GEAR = (DeviceKind.RECORDER, DeviceKind.CODEC)
NO_GEAR = Text(
    "清点中没有哪台录播主机或编解码器登记在这些房间。",
    "The inventory has no recorder or codec in these rooms.",
)


class RecordingRoomsOnline(ObservedIndicator):
    name: ClassVar[str] = "recording_room_online_ratio_in_lessons"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("录播教室在线率（上课时间）", "Recording rooms online in lessons")
    meaning: ClassVar[Text] = Text(
        "录播和远程互动教室里的录播主机、编解码器在上课时间内应答扫描或轮询的比例，取最低的一间。"
        "没有房间课表，所以看全部上课时间：关机可能只是没有课。",
        "Share of sweeps or polls in lessons that the recorders and codecs of recording and "
        "remote-class rooms answered; the lowest room counts. There is no timetable of rooms, so "
        "all lessons count: one that is off may only have no lesson.",
    )
    method: ClassVar[MetricRef] = SEEN

    def concerns(self, school: School, scene: Scene) -> bool:
        return bool(scene.placed(school).of_kinds(*ROOMS))

    def observe(self, school: School, scene: Scene) -> Figure:
        placed = scene.placed(school)
        rooms = placed.of_kinds(*ROOMS)
        gear = [d for room in rooms for d in placed.devices_in(room) if d.kind in GEAR]
        found = answered(school, gear, scene)
        groups = [(Text(r.title, r.title), _best(r, gear, found)) for r in rooms]
        return worst_of(groups, len(rooms), school, scene, NOT_ASKED if gear else NO_GEAR)


def _best(room: Room, gear: Sequence[Device], found: Mapping[int, Answered]) -> list[Answered]:
    """One device that answers shows that the room is online."""
    ways = [found[d.id] for d in gear if d.room == room.id and d.id in found]
    return sorted(ways, key=lambda way: way.share)[-1:]
