"""无线网络覆盖率: the share of places of which it is known that there is Wi-Fi in them.

How many access points a school has says nothing: they may all hang in one corridor.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from collector.inventory.model import DeviceKind
from collector.judge.parts import Nothing, Parts, PartsIndicator
from collector.judge.places import Told, look_at
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.room import Room
from collector.store import MetricRef
from probes.model import Better, Unit
from probes.text import Text

SIGNAL = MetricRef("wifi_link", "signal_dbm")
POINT = Text("接入点在线", "with an access point that was seen")
LINK = Text("电脑连着无线", "with a computer on Wi-Fi")
SURVEY_YES = Text("勘测有", "surveyed as covered")
SURVEY_NO = Text("勘测没有", "surveyed as not covered")
OLD = Text("勘测已过期", "with too old a survey")


class WifiCoverage(PartsIndicator):
    name: ClassVar[str] = "wifi_coverage_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("无线网络覆盖率", "Places with Wi-Fi")
    meaning: ClassVar[Text] = Text(
        "主要教学场所（教育机关为办公室和会议室）中有无线网络的比例，逐间取证：该房间的接入点在线、"
        "该房间的电脑连着无线，或现场勘测。接入点的总数不作证据。",
        "Share of main teaching places, or of an education office's rooms, that have Wi-Fi, with "
        "evidence room by room: an access point of the room was seen, a computer in it is on "
        "Wi-Fi, or a survey on the spot. The number of access points is no evidence.",
    )
    method: ClassVar[MetricRef] = SIGNAL

    def concerns(self, school: School, scene: Scene) -> bool:
        return bool(school.rooms)

    def look(self, school: School, scene: Scene) -> Parts | Nothing:
        return look_at(school, scene, _Look(school, scene).tell, "rooms")


class _Look:
    def __init__(self, school: School, scene: Scene) -> None:
        self._placed = scene.placed(school)
        self._days = scene.counting.seen_within_days
        limit = timedelta(days=self._days)
        signals = scene.newest(SIGNAL, school) if SIGNAL.probe in scene.catalog else {}
        self._linked = {a for a, signal in signals.items() if scene.now - signal.at <= limit}
        today = scene.now.date()
        self._oldest = today - timedelta(days=scene.counting.survey_days)

    def tell(self, room: Room) -> Told:
        points = [d for d in self._placed.devices_in(room) if d.kind is DeviceKind.ACCESS_POINT]
        if any(self._placed.seen_lately(point, self._days) for point in points):
            return Told(True, POINT)
        if any(agent.id in self._linked for agent in self._placed.agents_in(room)):
            return Told(True, LINK)
        if room.wifi is None or room.surveyed_on is None:
            return Told(None)
        if room.surveyed_on < self._oldest:
            return Told(None, OLD)
        return Told(room.wifi, SURVEY_YES if room.wifi else SURVEY_NO)
