"""录播教室: whether a school has one."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.declared import RoomPresent
from collector.register.room import RoomKind
from probes.text import Text


class RecordingRoomEquipped(RoomPresent):
    name: ClassVar[str] = "recording_room_equipped"
    title: ClassVar[Text] = Text("配备录播教室", "Has a recording room")
    meaning: ClassVar[Text] = Text(
        "登记册中有录播教室，或登记间数不为 0。它在上课时是否在线另有指标。",
        "The register lists one, or declares a number above 0. Whether it is online in lessons is "
        "an indicator of its own.",
    )
    kinds: ClassVar[tuple[RoomKind, ...]] = (RoomKind.RECORDING_ROOM,)
    declared: ClassVar[str] = "recording_rooms"
