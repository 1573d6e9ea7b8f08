"""Made-up duties to judge: an instrument with parts, a school with machines, and what they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from collector.judge.duty.papers import Papers, Says, Signed
from collector.judge.judge import Judge, Judgement
from collector.judge.model import DutyStatus
from collector.register.model import Agent, School
from collector.register.waiver import Waiver
from collector.store import LastRun
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from config.calendar_file import load_calendar
from config.duty import Attest, Check, Duty, DutyKind, FactCheck, Period
from config.policy import Applies, Citation, Operator, Policies, Verification
from probes.catalog import AnyProbe, Catalog
from probes.model import Outcome, Probe, Role, Unit
from probes.posture import PART, POSTURE_LABELS, POSTURE_REASONS, boolean, count
from probes.text import Text
from tests.collector.judge.town import agent, school

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""A Monday noon in China."""
HOUR = timedelta(hours=1)
ONE = school("A")
BOTH = frozenset({2, 3})
_T = Text("甲", "it")


class PostureLocks(Probe[object]):
    """Two parts, like a real instrument."""

    name = "posture_locks"
    title = _T
    about = _T
    limits = _T
    measures = (boolean("locked", _T, _T), count("doors_count", _T, _T))
    labels = {PART: _T, "job": _T, **POSTURE_LABELS}  # noqa: RUF012
    reasons = POSTURE_REASONS
    roles = frozenset({Role.GATEWAY, Role.PC})


def catalog() -> Catalog:
    probes: list[AnyProbe] = [PostureLocks]
    return Catalog(probes)


class LocksStore(MemoryStore):
    """Runs that learned nothing stand beside the readings."""

    def __init__(self) -> None:
        super().__init__(catalog())
        self.runs: list[LastRun] = []

    def say(
        self, agent: str, at: datetime = NOW, part: str = "door", job: str = "", **values: float
    ) -> None:
        labels = {PART: part, "job": job, "source": "file", "privilege": "user"}
        self.readings.append(
            StoredReading(
                probe="posture_locks", at=at, school="A", agent=agent, values=values, labels=labels
            )
        )

    def fail(self, agent: str, reason: str, at: datetime = NOW, part: str = "door") -> None:
        self.runs.append(
            LastRun("A", agent, "posture_locks", "local", at, Outcome.NOT_RUN, reason, part)
        )

    def last_runs(self, probe: str, school: str | None = None) -> list[LastRun]:
        newest: dict[tuple[str, str], LastRun] = {}
        ok = [
            LastRun(r.school, r.agent, r.probe, r.target, r.at, r.outcome, "", r.column(PART))
            for r in self.readings
        ]
        for run in sorted([*ok, *self.runs], key=lambda run: run.at):
            newest[run.agent, run.part] = run
        return list(newest.values())


def fact(
    id: str = "locked", metric: str = "locked", part: str = "door", **changed: object
) -> FactCheck:
    given: dict[str, object] = {
        "id": id,
        "title": _T,
        "fact": f"posture_locks.{metric}",
        "where": ((PART, part),) if part else (),
        "operator": Operator.AT_LEAST,
        "value": Fraction(1),
        "unit": Unit.BOOLEAN,
        "share": Fraction(1),
        "roles": frozenset({Role.GATEWAY, Role.PC}),
        "fresh_school_days": 3,
        "levels": BOTH,
        "value_origin": "default",
    }
    return FactCheck(**{**given, **changed})  # type: ignore[arg-type]


def attest(id: str = "trained", **changed: object) -> Attest:
    given: dict[str, object] = {
        "id": id,
        "title": _T,
        "asks": _T,
        "role": _T,
        "period": Period.YEAR,
        "valid_days": 366,
        "due": None,
        "needs_file": False,
        "two_persons": False,
        "remind_days": (),
        "levels": BOTH,
    }
    return Attest(**{**given, **changed})  # type: ignore[arg-type]


def duty(
    checks: Sequence[Check] = (),
    attests: Sequence[Attest] = (),
    *,
    id: str = "duty.locks",
    kind: DutyKind = "law",
    levels: frozenset[int] = BOTH,
) -> Duty:
    return Duty(
        id=id,
        kind=kind,
        title=Text("门要锁好", "Doors locked"),
        levels=levels,
        role=Text("门卫", "porter"),
        cadence=_T,
        deadline=None,
        why=_T,
        remedy=Text("去锁门", "lock them"),
        citations=(
            Citation(
                document="法",
                article="第一条",
                quote="",
                in_force_from=None,
                in_force_until=None,
                levels=BOTH,
                verified=Verification.MEMORY,
                note=None,
            ),
        ),
        checks=tuple(checks),
        attests=tuple(attests),
        applies=Applies(),
        revision="r1",
    )


def signed(says: Says = Says.FULFILLED, attest: str = "trained", **changed: object) -> Signed:
    given: dict[str, object] = {
        "school": "A",
        "duty": "duty.locks",
        "attest": attest,
        "says": says,
        "at": NOW - 24 * HOUR,
        "until": NOW + 240 * HOUR,
        "is_whole": True,
        "by": "门卫",
        "reason": "",
    }
    return Signed(**{**given, **changed})  # type: ignore[arg-type]


def waived(part: str = "", agent: str = "", **changed: object) -> Waiver:
    given: dict[str, object] = {
        "id": 1,
        "school": "A",
        "duty": "duty.locks",
        "part": part,
        "agent": agent,
        "reason": "门下月更换",
        "actor": "cli:li",
        "since": NOW - HOUR,
        "until": NOW + 240 * HOUR,
    }
    return Waiver(**{**given, **changed})  # type: ignore[arg-type]


_CALENDAR: Calendar = load_calendar()


@dataclass
class Town:
    """One school; what a test changes of it."""

    duties: Sequence[Duty]
    agents: list[Agent] = field(default_factory=lambda: [agent("a1", "A")])
    store: LocksStore = field(default_factory=LocksStore)
    school: School = ONE

    def judge(
        self,
        signed: Sequence[Signed] = (),
        waived: Sequence[Waiver] = (),
        now: datetime = NOW,
    ) -> Judgement:
        policies = Policies((), tuple(self.duties), "p1")
        papers = Papers(tuple(signed), tuple(waived))
        return Judge(catalog(), policies, _CALENDAR).judge(
            [self.school], self.store, self.agents, now.date(), now, papers=papers
        )

    def status(self, **given: object) -> DutyStatus:
        (found,) = self.judge(**given).duties  # type: ignore[arg-type]
        return found
