"""A lesson that a school gives to others, or receives, over the network, as the county lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from probes.text import Text


class Kind(StrEnum):
    GIVE = "give"
    """The teacher is here."""
    RECEIVE = "receive"


KIND_TITLES = {Kind.GIVE: Text("主讲", "gives"), Kind.RECEIVE: Text("接收", "receives")}


@dataclass(frozen=True, slots=True, order=True)
class MeetingPoint:
    """Where this school's side connects to: the meeting server, or the partner's codec."""

    host: str
    port: int

    @property
    def target(self) -> str:
        """The name under which its readings are stored."""
        return f"meeting.{self}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLesson:
    """One line of the list: a lesson of each week, in the school's own time.

    Attributes:
        line: where it stands in the list.
        weekday: 0 = Monday.
        number: of the day's lessons, from 1; 0 = the clock times hold instead.
        start, end: clock times; None where `number` holds.
        partner: school code of the other side; empty = not said.
        since, until: first and last day; None = no bound.
    """

    line: int
    school: str
    weekday: int
    kind: Kind
    number: int = 0
    start: time | None = None
    end: time | None = None
    meeting: MeetingPoint | None = None
    partner: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def when(self) -> Text:
        """`周二第 3 节`."""
        zh, en = WEEKDAYS[self.weekday]
        if self.number:
            return Text(f"{zh}第 {self.number} 节", f"{en} lesson {self.number}")
        return Text(
            f"{zh} {self.start:%H:%M}–{self.end:%H:%M}", f"{en} {self.start:%H:%M}-{self.end:%H:%M}"
        )

    def runs_on(self, day: date) -> bool:
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day <= self.until)


WEEKDAYS = (
    ("周一", "Monday"),
    ("周二", "Tuesday"),
    ("周三", "Wednesday"),
    ("周四", "Thursday"),
    ("周五", "Friday"),
    ("周六", "Saturday"),
    ("周日", "Sunday"),
)
