"""People to a computer. 不低于 6:1 means at most six: a lower quotient is better.

Two facts, never merged: what the school declares, and what was seen. There may be more computers
than were seen, so what was seen can prove met and never not met; what is declared can be too few,
and never proves met.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import ClassVar

from collector.inventory.model import Device, DeviceKind, Use
from collector.judge.indicator import TargetIndicator
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.presence.gather import BEATS
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.room import RoomKind
from config.counting import ComputerRule, Counting
from config.policy import TargetValue
from config.quantity import show_both
from config.strict import PolicyError
from probes.model import Better, Role, Unit
from probes.text import Text

NOBODY = Text("没有人，不适用。", "There is nobody; it does not apply.")
NONE_SEEN = Text("没有清点到电脑。", "No computer was seen.")
NOT_DECLARED = Text("没有登记台数。", "No number is registered.")
_PCS = frozenset({Role.PC})


@dataclass(frozen=True, slots=True)
class Counted:
    """`n`: computers that were seen; there are at least so many."""

    n: int
    newest: datetime | None


def count(school: School, scene: Scene, rule: ComputerRule) -> Counted:
    """Each machine once, whether an agent on it or the network told of it."""
    seen = list(_devices(school, scene, rule))
    known = {device.agent for device in scene.placed(school).devices if device.agent}
    agents = list(_agents(school, scene, rule, known))
    times = [device.last_seen for device in seen if device.last_seen] + agents
    return Counted(len(seen) + len(agents), max(times, default=None))


def _devices(school: School, scene: Scene, rule: ComputerRule) -> Iterator[Device]:
    placed, days = scene.placed(school), scene.counting.seen_within_days
    for device in placed.devices:
        room = placed.kind_at(device.room)
        used = device.use in rule.uses or (device.use is Use.UNKNOWN and room in rule.rooms)
        if device.kind in rule.kinds and used and placed.seen_lately(device, days):
            yield device


def _agents(
    school: School, scene: Scene, rule: ComputerRule, known: set[str]
) -> Iterator[datetime]:
    """When those were heard that the inventory does not have, and whose room decides."""
    placed, beats = scene.placed(school), scene.newest(BEATS, school)
    for agent in scene.agents(school, _PCS):
        if agent.id in known or placed.kind_at(agent.room) not in rule.rooms:
            continue
        beat = beats.get(agent.id)
        if beat and (scene.now - beat.at).days < scene.counting.seen_within_days:
            yield beat.at


def check(counting: Counting) -> None:
    """Raises PolicyError for a word that neither the register nor the inventory knows."""
    known = (
        (counting.student.kinds | counting.teacher.kinds | counting.gear, DeviceKind),
        (counting.gear_sets, DeviceKind),
        (counting.student.uses | counting.teacher.uses, Use),
        (counting.student.rooms | counting.teacher.rooms | counting.office_rooms, RoomKind),
    )
    for words, kind in known:
        for word in sorted(words - {each.value for each in kind}):
            there = ", ".join(each.value for each in kind if each.value)
            raise PolicyError(
                Text(
                    f"counting.toml：没有“{word}”；可用的有：{there}。",
                    f"counting.toml: there is no {word!r}; known: {there}.",
                )
            )


class PeoplePerComputer(TargetIndicator):
    """`people` and `rule` say whom and what it counts; `declared` is the name of the number."""

    unit: ClassVar[Unit] = Unit.COUNT
    better: ClassVar[Better] = Better.LOWER
    declared: ClassVar[str]
    not_registered: ClassVar[Text]

    def people(self, school: School) -> int | None:
        raise NotImplementedError

    def rule(self, counting: Counting) -> ComputerRule:
        raise NotImplementedError

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        people = self.people(school)
        if people is None:
            return Finding(Verdict.UNDETERMINED, self.not_registered)
        if not people:
            return Finding(Verdict.NOT_APPLICABLE, NOBODY)
        counted = count(school, scene, self.rule(scene.counting))
        declared = school.counts.get(self.declared)
        seen_leg = _seen(people, counted, target)
        declared_leg = _declared(people, declared, target)
        verdict = _together(seen_leg.verdict, declared_leg.verdict)
        most = max(counted.n, declared or 0)
        reason = _reason(people, counted.n, declared, most, verdict, target)
        return Finding(verdict, reason, (declared_leg, seen_leg))


def _together(seen: Verdict, declared: Verdict) -> Verdict:
    if seen is Verdict.MET:
        return Verdict.MET
    return Verdict.NOT_MET if declared is Verdict.NOT_MET else Verdict.UNDETERMINED


def _seen(people: int, counted: Counted, target: TargetValue) -> Leg:
    ratio = Fraction(people, counted.n) if counted.n else None
    proven = ratio is not None and target.operator.holds(ratio, target.value)
    return Leg(
        name=LegName.COUNTED,
        verdict=Verdict.MET if proven else Verdict.UNDETERMINED,
        value=None if ratio is None else float(ratio),
        required=float(target.value),
        unit=Unit.COUNT,
        reason=Text(
            f"清点到 {counted.n} 台；没有清点到的不等于没有。",
            f"{counted.n} were seen; what was not seen may be there all the same.",
        )
        if counted.n
        else NONE_SEEN,
        evidence=Evidence("inventory", "inventory", n=counted.n, newest=counted.newest),
    )


def _declared(people: int, declared: int | None, target: TargetValue) -> Leg:
    """Without a single computer the quotient has no value, and the target is missed."""
    verdict, ratio, reason = Verdict.UNDETERMINED, None, NOT_DECLARED
    if declared is not None:
        ratio = Fraction(people, declared) if declared else None
        holds = ratio is not None and target.operator.holds(ratio, target.value)
        verdict = Verdict.MET if holds else Verdict.NOT_MET
        reason = Text(f"学校登记 {declared} 台。", f"The school declares {declared}.")
    return Leg(
        name=LegName.DECLARED,
        verdict=verdict,
        value=None if ratio is None else float(ratio),
        required=float(target.value),
        unit=Unit.COUNT,
        reason=reason,
        evidence=Evidence("declared", "register", n=declared or 0),
    )


def _reason(
    people: int, seen: int, declared: int | None, most: int, verdict: Verdict, target: TargetValue
) -> Text:
    wanted = ceil(people / target.value)
    bound = show_both(target.value, Unit.COUNT)
    if declared is None and not seen:
        return Text(
            f"{people} 人，{bound.zh}:1 要 {wanted} 台；没有登记台数，也没有清点到。",
            f"{people} people, so {bound.en}:1 takes {wanted}; none is declared and none was seen.",
        )
    said = Text("未登记", "nothing") if declared is None else Text(f"{declared} 台", str(declared))
    zh = f"{people} 人，{bound.zh}:1 要 {wanted} 台；登记 {said.zh}，清点到 {seen} 台"
    en = f"{people} people, so {bound.en}:1 takes {wanted}; declared: {said.en}, seen: {seen}"
    if verdict is Verdict.NOT_MET:
        return Text(f"{zh}，还差 {wanted - most} 台。", f"{en}; {wanted - most} are missing.")
    if verdict is Verdict.UNDETERMINED:
        return Text(f"{zh}，尚未证实。", f"{en}; that does not prove it.")
    return Text(f"{zh}。", f"{en}.")
