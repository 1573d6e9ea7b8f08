"""What judging says: verdicts, the legs they stand on, and the evidence of each leg.

Values only; rows.py turns them into plain data for the API, the command line and pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from collector.judge.duty.papers import Signed
from collector.register.waiver import Waiver
from config.duty import Attest, Check, Duty
from config.measurement import DUTIES, VERDICTS
from config.policy import TargetValue
from probes.model import Unit
from probes.text import Text


class Verdict(StrEnum):
    """About a target value. `undetermined` is neither, and never counts as met."""

    MET = "met"
    NOT_MET = "not_met"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not_applicable"


class DutyState(StrEnum):
    """About a duty. Stale evidence is `unknown`; `waived` and `attested` need a person's word."""

    PASS = "pass"  # noqa: S105  the word for a fulfilled duty, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    ERROR = "error"
    WAIVED = "waived"
    ATTESTED = "attested"


class Assessed(StrEnum):
    """As an assessor of graded protection writes it down. What was not looked at is `unchecked`,
    and never `not_applicable`."""

    CONFORMS = "conforms"
    PARTLY = "partly"
    FAILS = "fails"
    NOT_APPLICABLE = "not_applicable"
    UNCHECKED = "unchecked"


ASSESSED_TITLES: dict[Assessed, Text] = {
    Assessed.CONFORMS: Text("符合", "conforms"),
    Assessed.PARTLY: Text("部分符合", "partly conforms"),
    Assessed.FAILS: Text("不符合", "does not conform"),
    Assessed.NOT_APPLICABLE: Text("不适用", "not applicable"),
    Assessed.UNCHECKED: Text("未核查", "not checked"),
}


class Freshness(StrEnum):
    """Whether evidence is new enough to count; an axis of its own beside the state."""

    FRESH = "fresh"
    STALE = "stale"
    """Some of it is too old. What it said is shown, and counts as unknown."""
    NONE = "none"
    """There is no evidence with an age."""


FRESHNESS_TITLES: dict[Freshness, Text] = {
    Freshness.FRESH: Text("有效期内", "fresh"),
    Freshness.STALE: Text("已过期", "stale"),
    Freshness.NONE: Text("没有证据", "no evidence"),
}

VERDICT_TITLES = {verdict: VERDICTS[verdict].title for verdict in Verdict}
STATE_TITLES = {state: DUTIES[state].title for state in DutyState}


class LegName(StrEnum):
    """One fact a verdict stands on. Contracted and delivered are two facts and never merged."""

    CONTRACT = "contract"
    DELIVERED = "delivered"
    CONTRACT_UP = "contract_up"
    DELIVERED_UP = "delivered_up"
    DEVICES = "devices"
    UPLINK = "uplink"
    PLATFORMS = "platforms"
    LOAD = "load"
    LOAD_UP = "load_up"
    REMOTE = "remote"
    LOGS = "logs"
    ROOMS = "rooms"
    SEATS = "seats"
    DECLARED = "declared"
    COUNTED = "counted"


LEG_TITLES: dict[LegName, Text] = {
    LegName.CONTRACT: Text("合同下行", "contracted down"),
    LegName.DELIVERED: Text("实测下行", "delivered down"),
    LegName.CONTRACT_UP: Text("合同上行", "contracted up"),
    LegName.DELIVERED_UP: Text("实测上行", "delivered up"),
    LegName.DEVICES: Text("设备", "devices"),
    LegName.UPLINK: Text("出口连通", "uplink"),
    LegName.PLATFORMS: Text("平台", "platforms"),
    LegName.LOAD: Text("下行占用", "used down"),
    LegName.LOAD_UP: Text("上行占用", "used up"),
    LegName.REMOTE: Text("远程课", "remote lessons"),
    LegName.LOGS: Text("日志", "logs"),
    LegName.ROOMS: Text("房间", "rooms"),
    LegName.SEATS: Text("机位", "seats"),
    LegName.DECLARED: Text("登记", "declared"),
    LegName.COUNTED: Text("清点", "counted"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a leg rests on.

    Attributes:
        layer: `contract`, `ip` (the rate of IP packets), `device`, `tcp` (connections), `http`
            (pages), `counter` (bytes that an interface counted), `lesson` (the minutes of one),
            `log` (sealed days), `declared` (what a school says of itself in the register), `signed`
            (a signature), `rooms` (room by room) or `inventory` (devices that were seen).
        method: the register, or the metric that was read.
        n: readings, devices that gave a fresh answer, or lessons of which enough is known.
        days: school days with readings; None where days do not matter.
        since, until: the window looked at; None for a fact of the register.
        coverage: share of what was expected that was seen; None when nothing was expected.
        newest: when the newest reading was taken.
        vantage: where a line was measured, and what confirms that; None where it does not matter.
    """

    layer: str
    method: str
    n: int = 0
    days: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    coverage: float | None = None
    newest: datetime | None = None
    vantage: Text | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One fact against its bound.

    Attributes:
        value: the figure, per class where the target is; None = not known.
        required: the bound it was held against, with any tolerance already in it.
        decides: False for facts that are shown beside the verdict, such as upstream.
    """

    name: LegName
    verdict: Verdict
    value: float | None
    required: float
    unit: Unit
    reason: Text
    evidence: Evidence
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What an indicator found for one school.

    Attributes:
        classes: the classes it was shared among; None where that plays no part or is not known.
        contract_needed: bits a second to contract for the value, rounded up to what is sold; None
            where it cannot be said.
        contract_gap: how much of it the contracts lack; 0 = none.
    """

    verdict: Verdict
    reason: Text
    legs: tuple[Leg, ...] = ()
    classes: int | None = None
    contract_needed: int | None = None
    contract_gap: int | None = None

    @property
    def shown_leg(self) -> Leg | None:
        """The leg whose value stands for the verdict in a table; the table must name it.

        The leg that made the verdict, or another that has a value where that one has none.
        """
        known = [leg for leg in self.legs if leg.decides and leg.value is not None]
        making = [leg for leg in known if leg.verdict is self.verdict]
        candidates = making or known
        return candidates[-1] if candidates else None


@dataclass(frozen=True, slots=True)
class Figure:
    """What an indicator observed at one school, held against nothing.

    Attributes:
        value: None = undetermined; `reason` says why.
        n: devices that it rests on.
        coverage: share of the time, or of the devices, of which anything is known; None = there is
            nothing to know.
        lower_bound: the true value is at least this, which can prove met, never not met.
    """

    value: float | None
    reason: Text
    n: int = 0
    coverage: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    lower_bound: bool = False


@dataclass(frozen=True, slots=True)
class SchoolFigure:
    """A figure that is shown whether or not a plan asks for a value."""

    school: str
    indicator: str
    title: Text
    meaning: Text
    unit: Unit
    figure: Figure


@dataclass(frozen=True, slots=True)
class SchoolVerdict:
    """One school against one target value. `register_revision`: the facts that were used."""

    school: str
    school_name: str
    adcode: str
    area: str
    target: TargetValue
    finding: Finding
    register_revision: str

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """How many schools stand where. `total` leaves out those the target does not apply to."""

    met: int = 0
    not_met: int = 0
    undetermined: int = 0
    not_applicable: int = 0

    @property
    def total(self) -> int:
        return self.met + self.not_met + self.undetermined


class Step(StrEnum):
    """What has to happen at a school so that it meets the value."""

    CONTRACT = "contract"
    """More has to be contracted."""
    PROVIDER = "provider"
    """The contract suffices; the provider has to bring what it says."""
    MEASURE = "measure"
    """The contract suffices; whether it arrives is not measured enough."""


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A school that is not met; ordered by what it costs, then by code.

    Attributes:
        add: bits a second to contract in addition.
        total: bits a second that its contract has to say then.
    """

    add: int
    school: str
    step: Step
    total: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How an area reaches its share.

    Attributes:
        short: schools that are still missing; 0 = the share is reached.
        chosen: the cheapest set, cheapest first; fewer than `short` if there are not enough.
        unknown: schools of which the register does not say enough to know what they lack.
    """

    short: int
    chosen: tuple[Candidate, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def add(self) -> int:
        """Bits a second to contract in all."""
        return sum(candidate.add for candidate in self.chosen)

    @property
    def suffices(self) -> bool:
        """Whether the chosen schools reach the share once all has happened."""
        return len(self.chosen) == self.short

    def of(self, step: Step) -> list[Candidate]:
        return [candidate for candidate in self.chosen if candidate.step is step]


@dataclass(frozen=True, slots=True)
class AreaVerdict:
    """An area's schools against a target value and its share.

    Attributes:
        region: the digits of the adcode that the schools have in common.
        low, high: the share that is met for certain, and if every undetermined school met it; None
            when the target applies to no school.
        missing_schools: how many more schools must be met; 0 = enough.
        contract_gap: bits a second that the schools not met lack in their contracts.
        plan: the cheapest way to the share; None where no contract has a part in it.
        population: who was counted, in words.
        split: the tally by urban-rural class (城区, 镇区, 乡村, not registered).
    """

    target: TargetValue
    region: str
    verdict: Verdict
    reason: Text
    tally: Tally
    low: Fraction | None
    high: Fraction | None
    missing_schools: int
    contract_gap: int
    population: Text
    split: tuple[tuple[Text, Tally], ...]
    register_revision: str
    plan: Plan | None = None


class MachineState(StrEnum):
    """Of one machine against one fact. `not_here`: its system cannot have the thing at all."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_HERE = "not_here"


MACHINE_TITLES: dict[MachineState, Text] = {
    MachineState.MET: Text("符合", "as it should be"),
    MachineState.NOT_MET: Text("不符合", "not so"),
    MachineState.UNKNOWN: Text("未知", "unknown"),
    MachineState.ERROR: Text("出错", "error"),
    MachineState.NOT_HERE: Text("没有这一项", "has no such thing"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What one machine says of a fact, so that a technician knows to which one to walk.

    Attributes:
        agent: its id.
        value: the newest, also one that does not count any more; None = never measured.
        source, privilege: labels of that reading; empty where its probe has none.
        at: when the value, or else the statement that there is none, was taken.
        stale: too old to count.
        reason: why the state is not plain from the value; None where it is.
        waived: the waiver that this machine's part stands under; None for what needs none.
    """

    agent: str
    hostname: str
    role: str
    state: MachineState
    value: float | None = None
    unit: Unit
    source: str = ""
    privilege: str = ""
    at: datetime | None = None
    stale: bool = False
    reason: Text | None = None
    waived: Waiver | None = None

    @property
    def name(self) -> str:
        return self.hostname or self.agent


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """One school against one check or attest of a duty.

    Attributes:
        beneath: the state without any waiver.
        advice: the school's protection level does not require it; it does not make the state.
        machines: of a fact, every machine of the roles asked.
        newest: when the newest evidence was taken or signed.
        signed: of an attest, the newest signature, whether or not it counts.
        waived: the waivers in force, also those that change nothing.
    """

    id: str
    title: Text
    state: DutyState
    beneath: DutyState
    finding: Finding
    advice: bool
    part: Check | Attest
    freshness: Freshness
    newest: datetime | None = None
    machines: tuple[Machine, ...] = ()
    signed: Signed | None = None
    waived: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class DutyStatus:
    """One school against one duty.

    Attributes:
        beneath: the state without any waiver.
        finding: that of the part that made the state, with the legs of all.
        advice: the school's protection level does not require it; it stays out of the score.
    """

    school: str
    school_name: str
    adcode: str
    area: str
    duty: Duty
    state: DutyState
    beneath: DutyState
    parts: tuple[PartStatus, ...]
    finding: Finding
    advice: bool
    register_revision: str

    @property
    def required(self) -> tuple[PartStatus, ...]:
        """The parts that make the state."""
        return tuple(part for part in self.parts if self.advice or not part.advice)

    @property
    def freshness(self) -> Freshness:
        found = {part.freshness for part in self.required}
        order = (Freshness.STALE, Freshness.FRESH)
        return next((each for each in order if each in found), Freshness.NONE)

    @property
    def newest(self) -> datetime | None:
        return max((part.newest for part in self.required if part.newest), default=None)

    @property
    def waived(self) -> tuple[Waiver, ...]:
        found = {w.id: w for part in self.parts for w in part.waived}
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Window:
    """The days whose readings count, both included, in the school's own time."""

    first: date
    last: date
