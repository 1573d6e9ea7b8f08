"""数字实验室或实训室: whether a school has one."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.declared import RoomPresent
from collector.register.room import RoomKind
from probes.text import Text


class DigitalLabEquipped(RoomPresent):
    name: ClassVar[str] = "digital_lab_equipped"
    title: ClassVar[Text] = Text("配备数字实验室或实训室", "Has a digital lab or training room")
    meaning: ClassVar[Text] = Text(
        "登记册中有数字实验室或实训室，或登记间数不为 0；没有什么能测量它。",
        "The register lists one, or declares a number above 0; nothing measures it.",
    )
    kinds: ClassVar[tuple[RoomKind, ...]] = (RoomKind.DIGITAL_LAB, RoomKind.TRAINING_ROOM)
    declared: ClassVar[str] = "digital_labs"
