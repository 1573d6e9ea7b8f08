"""What the pages and the admin API show, as app.py hands it to them.

They change nothing. Everything here may block, and is only called in threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from collector.alert.scene import AlertPolicy
from collector.fleet.heard import LastWord
from collector.judge.judge import Judgement
from collector.judge.line import LineFinding
from collector.judge.standing import States
from collector.lan.kept import Kept
from collector.register.incident import Incident
from collector.register.model import Agent, Flip, School, Watched
from collector.register.rectification import Item
from collector.store import LastRun, Store
from config.calendar import Calendar
from config.strict import PolicyError
from probes.catalog import Catalog
from probes.text import Text


class IncidentsOf(Protocol):
    """As Register.incidents."""

    def __call__(
        self,
        *,
        only_open: bool = ...,
        school: str | None = ...,
        since: datetime | None = ...,
        limit: int = ...,
    ) -> list[Incident]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Where the pages look.

    Attributes:
        now: the collector's clock, aware.
        judgement: the newest one; None until the first is made.
        lines: (a day of a past month, school or None for all) -> its lines over that month.
        schools: as they stand today, by code.
        agents: all, revoked ones too.
        last_word: by agent id; None for one that was not heard since this start.
        sentinel: by school, the id of the agent that holds the role now; None while there is none.
        last_runs: the newest run per (agent, probe, target) of a school, by its code. Those that
            are not known are left out, and then a dash has no reason beside it.
        states: of the newest round; empty until the first is made.
        flips: (school or None for all, since or None, limit) -> the newest flips first.
        incidents: as Register.incidents.
        findings: of a school or of all, what was found on the network and is not over.
        rectifications: of a school or of all, what has to be put right, the next due first.
        figures: what the collector says of itself in /v1/status; plain JSON values.
    """

    catalog: Catalog
    calendar: Calendar
    store: Store
    now: Callable[[], datetime]
    judgement: Callable[[], Judgement | None]
    lines: Callable[[date, str | None], Sequence[LineFinding]]
    schools: Callable[[], Sequence[School]]
    agents: Callable[[], Sequence[Agent]]
    last_word: Callable[[str], LastWord | None]
    sentinel: Callable[[str], str | None]
    last_runs: Callable[[str], Sequence[LastRun]]
    states: Callable[[], States]
    flips: Callable[[str | None, datetime | None, int], Sequence[Flip]]
    incidents: IncidentsOf
    alert_policy: AlertPolicy
    findings: Callable[[str | None], Mapping[Watched, Kept]]
    rectifications: Callable[[str | None], Sequence[Item]]
    figures: Callable[[], Mapping[str, object]]

    def provisional(self) -> list[Text]:
        """Why periods of the days now judged may still change; empty when they are settled."""
        judgement, years = self.judgement(), {self.now().year}
        if judgement is not None:
            years |= {judgement.window.first.year, judgement.window.last.year}
        names = sorted({school.calendar for school in self.schools()})
        notes = [_why(self.calendar, year, name) for year in sorted(years) for name in names]
        return list(dict.fromkeys(note for note in notes if note is not None))


def _why(calendar: Calendar, year: int, name: str) -> Text | None:
    try:
        return calendar.why_provisional(year, name)
    except PolicyError as exc:
        return exc.text
