"""Schools with rooms, computers and gear, to be judged against the shipped policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from collector.inventory.model import Device, DeviceKind, Standing, Use
from collector.judge.duty.papers import NO_PAPERS, Papers
from collector.judge.judge import Judge, Judgement, read_policies
from collector.judge.model import AreaVerdict, Figure, Finding
from collector.judge.periods import school_periods
from collector.judge.premises import Premises
from collector.lan.site import Uplink
from collector.register.exams import Exam
from collector.register.model import Agent, School
from collector.register.room import Room, RoomKind
from collector.remote.lessons import NONE_LISTED, RemoteLessons
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from probes.catalog import AnyProbe, Catalog, discover
from probes.metrics import SEEN
from probes.model import Better, Metric, Probe, Role, Unit
from probes.text import Text
from tests.collector.judge.town import agent, school

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
"""A Monday, 14:30 in Shanghai."""
CODE = "3499000001"
_WORD = Text("", "")


def _metric(name: str, unit: Unit) -> Metric:
    return Metric(
        name=name, unit=unit, better=Better.NEITHER, title=_WORD, meaning=_WORD, resolution=1
    )


class ArpSweep(Probe[object]):
    name = "arp_sweep"
    title = _WORD
    measures = (SEEN, _metric("hosts_count", Unit.COUNT))
    labels = {"address": _WORD, "mac": _WORD}  # noqa: RUF012
    roles = frozenset({Role.SENTINEL})


class SnmpSystem(Probe[object]):
    name = "snmp_system"
    title = _WORD
    measures = (SEEN,)
    labels = {"vendor": _WORD}  # noqa: RUF012
    roles = frozenset({Role.SENTINEL})


class SnmpInterfaces(Probe[object]):
    name = "snmp_interfaces"
    title = _WORD
    measures = (
        _metric("received_bits_per_second", Unit.BITS_PER_SECOND),
        _metric("sent_bits_per_second", Unit.BITS_PER_SECOND),
    )
    labels = {"interface": _WORD}  # noqa: RUF012
    roles = frozenset({Role.SENTINEL})


def catalog() -> Catalog:
    """As shipped; a probe that another part of the product brings is stood in for without it."""
    shipped = discover()
    extra: list[type[Any]] = [ArpSweep, SnmpSystem, SnmpInterfaces]
    probes: list[AnyProbe] = list(shipped.values())
    return Catalog([*probes, *(probe for probe in extra if probe.name not in shipped)])


def room(id: str, kind: RoomKind = RoomKind.CLASSROOM, **facts: Any) -> Room:
    main = facts.pop("main_teaching_place", kind is RoomKind.CLASSROOM)
    return Room(id=id, kind=kind, main_teaching_place=main, **facts)


def device(number: int, kind: DeviceKind = DeviceKind.PC, **facts: Any) -> Device:
    given = {
        "use": Use.UNKNOWN,
        "standing": Standing.KNOWN,
        "last_seen": NOW - timedelta(days=1),
        **facts,
    }
    return Device(
        id=number,
        school=CODE,
        macs=(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}",),
        kind=kind,
        why=_WORD,
        **given,
    )


def pc(id: str, room: str = "", role: Role = Role.PC) -> Agent:
    return replace(agent(id, CODE, role), room=room)


@dataclass
class Campus:
    """One school and what is known of it; `also` are further schools of its city."""

    calendar: Calendar
    school: School = field(default_factory=lambda: school(CODE))
    also: Sequence[School] = ()
    agents: list[Agent] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    exams: list[Exam] = field(default_factory=list)
    uplink: Uplink | None = None
    papers: Papers = NO_PAPERS
    remote: RemoteLessons = NONE_LISTED
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.catalog = catalog()
        self.store = MemoryStore(self.catalog)

    def has(self, **facts: Any) -> None:
        self.school = replace(self.school, **facts)

    def read(
        self, probe: str, agent: str, at: datetime, values: dict[str, float], **more: Any
    ) -> None:
        self.store.readings.append(
            StoredReading(probe=probe, at=at, school=CODE, agent=agent, values=values, **more)
        )

    def beat(self, agent: str, at: datetime) -> None:
        self.read("presence", agent, at, {"beat_count_total": 100, "awake_seconds": 60})

    def judge(self) -> Judgement:
        schools = [self.school, *self.also]
        since = self.now - timedelta(days=40)
        self.store.set_periods(school_periods(self.calendar, schools, since, self.now))
        policies = replace(read_policies(), duties=())
        return Judge(self.catalog, policies, self.calendar).judge(
            schools,
            self.store,
            self.agents,
            self.now.date(),
            self.now,
            remote=self.remote,
            papers=self.papers,
            premises=self.premises(),
        )

    def premises(self) -> Premises:
        uplinks = {} if self.uplink is None else {CODE: self.uplink}
        known = {CODE: self.devices}
        return Premises(known, self.exams, uplinks)

    def finding(self, policy: str) -> Finding:
        """Of the school, against the newest value of the policy."""
        found = [
            v
            for v in self.judge().schools
            if v.target.policy == policy and v.school == self.school.code
        ]
        return max(found, key=lambda v: v.target.due).finding

    def asked(self) -> set[str]:
        return {v.target.policy for v in self.judge().schools if v.school == self.school.code}

    def figure(self, indicator: str) -> Figure:
        (found,) = (f for f in self.judge().figures if (f.indicator, f.school) == (indicator, CODE))
        return found.figure

    def area(self, row: str) -> AreaVerdict:
        (found,) = (area for area in self.judge().areas if area.target.id == row)
        return found


def lesson(day: int, hour: int = 1) -> datetime:
    """In the second lesson of a day of November 2026: 9:15 in Shanghai."""
    return datetime(2026, 11, day, hour, 15, tzinfo=UTC)


DAY = date(2026, 11, 10)
