"""班班通配备率: the share of main teaching places that have a set. Its use is measured apart."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.indicators.bbt_ready_ratio import LATELY
from collector.judge.model import Verdict
from collector.judge.parts import Nothing, Parts, PartsIndicator, listed
from collector.judge.places import NO_ROOMS, Told, look_at, places_of
from collector.judge.presence.gather import BEATS
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.room import Room
from collector.store import MetricRef
from probes.model import Better, Role, Unit
from probes.text import Text

SEEN = Text("实测有", "with a set that was seen")
SAID_YES = Text("登记有", "declared to have one")
SAID_NO = Text("登记没有", "declared to have none")


class BbtEquipped(PartsIndicator):
    name: ClassVar[str] = "bbt_equipped_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("班班通配备率", "Places equipped with a classroom set")
    meaning: ClassVar[Text] = Text(
        "主要教学场所中配备班班通的比例，逐间看：有代理程序的电脑或清点到的设备为实测，其余按登记；"
        "没有说明的为未知。没有逐间登记的，用登记的场所数。",
        "Share of main teaching places that have a set, room by room: a computer with an agent or "
        "a device of the inventory is measured, otherwise what is registered holds; a room of "
        "which nothing is said is not known. Without a list of rooms the declared numbers hold.",
    )
    method: ClassVar[MetricRef] = BEATS

    def concerns(self, school: School, scene: Scene) -> bool:
        return bool(school.rooms) or "equipped_places" in school.counts

    def look(self, school: School, scene: Scene) -> Parts | Nothing:
        if places_of(school, scene):
            return look_at(school, scene, _Look(school, scene).tell, "rooms")
        return _declared(school)


class _Look:
    def __init__(self, school: School, scene: Scene) -> None:
        self._placed = scene.placed(school)
        beats = scene.newest(BEATS, school)
        self._alive = {a for a, beat in beats.items() if scene.is_fresh(school, beat.at, LATELY)}
        self._kinds = scene.counting.gear_sets
        self._days = scene.counting.seen_within_days

    def tell(self, room: Room) -> Told:
        agents = self._placed.agents_in(room)
        if any(a.role is Role.PC and a.id in self._alive for a in agents):
            return Told(True, SEEN)
        devices = [d for d in self._placed.devices_in(room) if d.kind in self._kinds]
        if any(self._placed.seen_lately(device, self._days) for device in devices):
            return Told(True, SEEN)
        if room.set_installed is None:
            return Told(None)
        return Told(room.set_installed, SAID_YES if room.set_installed else SAID_NO)


def _declared(school: School) -> Parts | Nothing:
    total, equipped = (
        school.counts.get(name) for name in ("main_teaching_places", "equipped_places")
    )
    if not total or equipped is None:
        return Nothing(Verdict.UNDETERMINED, NO_ROOMS)
    yes = min(equipped, total)
    words = listed([(SAID_YES, yes), (SAID_NO, total - yes)])
    reason = Text(f"共 {total} 处：{words.zh}。", f"Of {total} places: {words.en}.")
    return Parts(yes, total - yes, 0, reason, "declared", "register")
