"""What stands in schools and is to take place there: devices, examinations, and ports that stand
for lines. Looked up once for each judgement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from collector.inventory.model import Device, Standing
from collector.lan.site import Uplink
from collector.register.exams import Exam
from collector.register.model import Agent, School
from collector.register.room import Room, RoomKind


@dataclass(frozen=True, slots=True)
class Premises:
    """Attributes:
    devices: by school, all that the inventory knows.
    exams: those not long ago, and to come.
    uplinks: by school.
    """

    devices: Mapping[str, Sequence[Device]] = field(default_factory=dict)
    exams: Sequence[Exam] = ()
    uplinks: Mapping[str, Uplink] = field(default_factory=dict)


NO_PREMISES = Premises()


class Placed:
    """A school's devices and agents, by room. Devices that count nowhere are left out.

    A device of which no room is known stands where its agent does.
    """

    def __init__(
        self, school: School, devices: Sequence[Device], agents: Sequence[Agent], now: datetime
    ) -> None:
        self._now = now
        self.rooms = {room.id: room for room in school.rooms}
        at = {agent.id: agent.room for agent in agents}
        self.devices = [
            device if device.room else replace(device, room=at.get(device.agent, ""))
            for device in devices
            if device.standing in (Standing.NEW, Standing.KNOWN)
        ]
        self._devices: dict[str, list[Device]] = defaultdict(list)
        self._agents: dict[str, list[Agent]] = defaultdict(list)
        for device in self.devices:
            self._devices[device.room].append(device)
        for agent in agents:
            self._agents[agent.room].append(agent)

    def devices_in(self, room: Room) -> list[Device]:
        return self._devices.get(room.id, [])

    def agents_in(self, room: Room) -> list[Agent]:
        return self._agents.get(room.id, [])

    def of_kinds(self, *kinds: str) -> list[Room]:
        return [room for room in self.rooms.values() if room.kind in kinds]

    def kind_at(self, room_id: str) -> RoomKind | None:
        room = self.rooms.get(room_id)
        return room.kind if room else None

    def seen_lately(self, device: Device, days: int) -> bool:
        seen = device.last_seen
        return seen is not None and self._now - seen <= timedelta(days=days)
