"""Rooms of a school, as people list them. What a list does not say of a room is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from probes.text import Text


class RoomKind(StrEnum):
    CLASSROOM = "classroom"
    COMPUTER_ROOM = "computer_room"
    RECORDING_ROOM = "recording_room"
    REMOTE_CLASS_ROOM = "remote_class_room"
    DIGITAL_LAB = "digital_lab"
    TRAINING_ROOM = "training_room"
    OFFICE = "office"
    MEETING_ROOM = "meeting_room"
    OTHER = "other"


ROOM_TITLES: dict[RoomKind, Text] = {
    RoomKind.CLASSROOM: Text("普通教室", "classroom"),
    RoomKind.COMPUTER_ROOM: Text("计算机教室", "computer room"),
    RoomKind.RECORDING_ROOM: Text("录播教室", "recording room"),
    RoomKind.REMOTE_CLASS_ROOM: Text("远程互动教室", "remote-class room"),
    RoomKind.DIGITAL_LAB: Text("数字实验室", "digital lab"),
    RoomKind.TRAINING_ROOM: Text("实训室", "training room"),
    RoomKind.OFFICE: Text("办公室", "office"),
    RoomKind.MEETING_ROOM: Text("会议室", "meeting room"),
    RoomKind.OTHER: Text("其他", "other"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One room. A None is not known.

    Attributes:
        id: unique in its school, and stable: agents and devices are placed by it.
        seats: computers of a computer room, places to sit in another.
        main_teaching_place: counts among 主要教学场所; plans do not define them.
        set_installed: whether a classroom set (班班通) is in it.
        wifi: what the survey of `surveyed_on` found.
    """

    id: str
    kind: RoomKind
    name: str = ""
    seats: int | None = None
    main_teaching_place: bool = False
    set_installed: bool | None = None
    wifi: bool | None = None
    surveyed_on: date | None = None

    @property
    def title(self) -> str:
        return self.name or self.id
