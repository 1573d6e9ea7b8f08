"""What the register knows about schools and agents, as values.

Facts about a school hold from a date on; a report names the `revision` that it used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from collector.register.room import Room
from probes.model import Role

LinkRole = Literal["primary", "backup", "edu_net"]
UnitKind = Literal["school", "point", "campus", "office"]
Stage = Literal["primary", "junior", "senior", "vocational", "kindergarten"]
Seat = Literal["", "urban", "county_town", "township", "village"]
"""Where a school stands: 市区, 县城, 乡镇 or 村; empty = not registered."""
Counted = Literal[
    "classrooms",
    "main_teaching_places",
    "equipped_places",
    "networked_multimedia_rooms",
    "networked_multimedia_rooms.primary",
    "networked_multimedia_rooms.junior",
    "networked_multimedia_rooms.senior",
    "computer_rooms",
    "recording_rooms",
    "remote_class_rooms",
    "digital_labs",
    "student_terminals",
    "teacher_terminals",
]
"""What a school declares a number of."""
Claimed = Literal["smart_classroom", "smart_campus", "digital_campus"]
"""What a school or its bureau says yes or no to: 智慧课堂 in use, 智慧校园 accepted, and the
digital campus of vocational schools (数字校园) accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line out of the school. Contracted rates are whole bits a second; None = no contract known.

    `shared_classes`: classes of other schools or campuses behind the same line.
    """

    name: str
    isp: str = ""
    medium: str = ""
    role: LinkRole = "primary"
    contract_down_bits_per_second: int | None = None
    contract_up_bits_per_second: int | None = None
    shared_classes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """A school as it stood at some date. Aggregates only: no pupil is named anywhere.

    Attributes:
        code: the ten-digit school code (学校标识码).
        adcode: GB/T 2260, six digits; the first two name the province.
        type_code: GB/T 33782 school type, such as 211 primary, 218 teaching point.
        urban_code: urban-rural class of the statistics bureau, such as 111, 121, 220.
        policy_area: the area word that policies of its city use, such as urban or county.
        seat: where it stands, for policies that tell city, county town, township and village apart.
        classes: administrative classes by stage; multi-grade and attached ones are counted apart.
        counts: what is declared (登记数), by `Counted`; 0 = none, absent = not known.
        claims: yes or no, by `Claimed`; absent = not known.
        rooms: those that are listed. A room that is not listed may be there all the same.
    """

    code: str
    name: str
    adcode: str
    unit_kind: UnitKind = "school"
    type_code: str = ""
    urban_code: str = ""
    policy_area: str = ""
    seat: Seat = ""
    students: Mapping[str, int] = field(default_factory=dict)
    teachers: int | None = None
    classes: Mapping[str, int] | None = None
    multigrade_classes: int = 0
    attached_classes: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    claims: Mapping[str, bool] = field(default_factory=dict)
    rooms: tuple[Room, ...] = ()
    links: tuple[Link, ...] = ()
    calendar: str = "default"
    time_zone: str = "Asia/Shanghai"
    tags: frozenset[str] = frozenset()
    valid_from: date = date(2000, 1, 1)
    revision: str = ""

    def students_of(self, stage: Stage) -> int | None:
        """0 for a stage that it does not have; None when there are classes and no count."""
        known = self.students.get(stage)
        if known is None and not (self.classes or {}).get(stage) and self.students:
            return 0
        return known

    @property
    def own_classes(self) -> int | None:
        """All teaching classes of the school; None when the register does not know them."""
        if self.classes is None:
            return None
        return sum(self.classes.values()) + self.multigrade_classes + self.attached_classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An enrolled agent. The collector keeps only the SHA-256 of its key.

    Attributes:
        confirmed: whether it has used its key; from then on its enrolment cannot be repeated.
        revoked: it may know its key, and still may do nothing (403, where an unknown one gets 401).
        room: the id of the room it stands in, as a person said; empty = not known.
    """

    id: str
    school: str
    role: Role
    key_sha256: bytes
    enrolled_at: datetime
    hostname: str = ""
    system: str = ""
    version: str = ""
    confirmed: bool = False
    revoked: bool = False
    site: str = ""
    room: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A permission to enrol agents of one role at one school; its secret is shown once."""

    id: str
    school: str
    role: Role
    note: str
    max_uses: int
    uses: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked: bool

    def state(self, now: datetime) -> Literal["usable", "revoked", "expired", "used_up"]:
        if self.revoked:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "usable" if self.uses < self.max_uses else "used_up"


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it was made: the only moment at which its secret is known."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"NewToken(id={self.id!r}, secret=...)"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one agent was asked to run in [since, until); `until` is None for what holds now."""

    agent: str
    school: str
    role: Role
    probe: str
    target: str
    every: float
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what, and from where; `detail` is plain data without secrets."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    source: str
    detail: Mapping[str, object]


class State(StrEnum):
    """Of one thing against one threshold. `unknown`: no fresh data; that is not down."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Watched(NamedTuple):
    """What has a state: an agent and a target against a threshold. Agent and target are empty for
    what concerns the school as a whole."""

    school: str
    agent: str
    target: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Held:
    """A state as it survives a restart.

    Attributes:
        held: the last state that was not unknown; `up` until something worse was ever held.
        since: when what led to the state began.
        at: when the state was taken.
    """

    state: State
    held: State
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A stored change of state: what was believed at `at`, and the evidence at hand then.

    Attributes:
        revision: of the threshold.
        since: when what led to the change began; before `at` by the hold time.
        value: in `unit`; None when it was the lack of a value that changed the state.
        bound: the bound that was broken or is kept again; None where none was involved.
        n: how many readings the value is of.
        reason: a code for what is not a bound, such as `site_silent`; empty otherwise.
    """

    watched: Watched
    revision: str
    before: State
    after: State
    since: datetime
    at: datetime
    value: float | None
    unit: str
    bound: float | None
    n: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What one round of judging adds to one watched thing; `before` is None for a first state.

    Without a flip it is a first state, which changes nothing.
    """

    watched: Watched
    before: Held | None
    after: Held
    flip: Flip | None
