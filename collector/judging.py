"""The rounds of judging: when the next one is due, what it looks at, and what was judged last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from collector.judge.duty.desk import DutyDesk
from collector.judge.judge import Judge, Judgement
from collector.judge.line import LineFinding
from collector.judge.periods import school_periods
from collector.judge.premises import Premises
from collector.judge.timer import JudgingTimer, Pace
from collector.judge.watch import Watch
from collector.logs.evidence import LogStanding
from collector.register.model import School
from collector.register.register import Register
from collector.register.roster import Roster
from collector.remote.lessons import RemoteLessonsFile
from collector.store import Expectation, Store
from config.calendar import Calendar

PERIODS_AHEAD = timedelta(days=60)


class Judging:
    """`judge_if_due` and `judge` block and are called by one thread; the rest may be read by any.

    Args:
        logs: by school, how long its logs are kept.
        premises: what stands in the schools, as it is known now.
        expectations: what agents were asked to run, for the store to count by.
        retention: how far back timetables matter.
        now: the wall clock, aware.
    """

    def __init__(
        self,
        judge: Judge,
        watch: Watch,
        desk: DutyDesk,
        *,
        register: Register,
        roster: Roster,
        store: Store,
        calendar: Calendar,
        remote: RemoteLessonsFile,
        logs: Callable[[], Mapping[str, LogStanding]],
        premises: Callable[[], Premises],
        expectations: Callable[[], Sequence[Expectation]],
        every: float,
        retention: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._judge = judge
        self.watch = watch
        self._desk = desk
        self._register = register
        self._roster = roster
        self._store = store
        self._calendar = calendar
        self._remote = remote
        self._logs = logs
        self._premises = premises
        self._expectations = expectations
        self._retention = retention
        self._now = now
        self.timer = JudgingTimer(every, time.monotonic)
        self._pace = Pace(time.monotonic)
        self._periods_made_of: tuple[date, str] | None = None
        self.judgement: Judgement | None = None

    def judge_if_due(self) -> None:
        if not self.timer.start():
            return
        well = False
        try:
            if self._pace.is_due():
                self.judge()
            else:
                self.watch.judge(self._roster.schools(), self._register.agents(), self._now())
            well = True
        finally:
            self.timer.finish(well=well)

    def judge(self) -> Judgement:
        """Judge now, with the timetable and the expectations as they are now."""
        now = self._now()
        as_of = self._register.today()
        schools = self._roster.schools()
        self._set_periods(schools, as_of, now)
        self._store.set_expectations(self._expectations())
        agents = self._register.agents()
        self.watch.judge(schools, agents, self._now())
        with self._pace.working():
            papers = self._desk.papers(now)
            self.judgement = self._judge.judge(
                schools,
                self._store,
                agents,
                as_of,
                now,
                self._remote.now,
                papers,
                self._logs(),
                self._premises(),
            )
            self._desk.follow(self.judgement)
        return self.judgement

    def lines(self, as_of: date, school: str | None) -> Sequence[LineFinding]:
        schools = [s for s in self._register.schools(as_of) if school in (None, s.code)]
        return self._judge.lines(
            schools,
            self._store,
            as_of,
            self._now(),
            self._register.agents(),
            self._premises(),
        )

    def _set_periods(self, schools: Sequence[School], as_of: date, now: datetime) -> None:
        """Expand the timetables anew each day, and when the register has changed."""
        made_of = (as_of, self._register.revision(as_of))
        if made_of == self._periods_made_of:
            return
        since = now - self._retention
        self._store.set_periods(school_periods(self._calendar, schools, since, now + PERIODS_AHEAD))
        self._periods_made_of = made_of
