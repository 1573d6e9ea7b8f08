"""Follows the journal and the judge, tells the engine, and pays what was left behind meanwhile.

An engine that is away holds up nobody: what is sealed meanwhile is owed, and sent from the archive
(collector.store.debts).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

from collector.export.engine import EngineRun, UnavailableError
from collector.export.sending import Sender, Writes
from collector.export.stored import StoredLines
from collector.store.debts import Debt, Debts, Progress
from collector.store.journal import ArchiveFile, Journal
from collector.store.rollup import KIND
from collector.store.timetable import milliseconds

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_SECONDS = 10.0
SETTLE_SECONDS = 300.0
"""An engine that ran on for so long will not lose what it acknowledged. VictoriaMetrics lost the
last 3 to 8 s when it was killed."""
PAYING_SECONDS = 2.0
"""Then what is new has its turn again."""
LONGEST_WAIT = 60.0
NOT_READY_SECONDS = 0.5
FLIPS_AGAIN = timedelta(minutes=10)
"""Flips are told again for so long: an engine may have lost what it acknowledged last."""


class Facts(Protocol):
    """What was judged, as lines."""

    def at(self) -> datetime | None:
        """Of the newest judgement; None before the first."""

    def lines(self, since: datetime) -> list[str]:
        """Of the newest judgement, and of flips that were stored at `since` or after it."""


@dataclass(slots=True)
class _Paying:
    """A debt that is being paid, some schools at a time."""

    debt: Debt
    file: ArchiveFile
    slices: list[list[str]]


class Exporter:
    """`round` is called by one thread; `owe_all` and `figures` may be called by any.

    `wall` is the collector's clock in UTC ms; `clock` counts seconds and never leaps.
    """

    def __init__(
        self,
        journal: Journal,
        writer: ThreadPoolExecutor,
        stored: StoredLines,
        facts: Facts,
        engine: Writes,
        sender: Sender,
        every: float,
        wall: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._writer = writer
        self._stored = stored
        self._facts = facts
        self._engine = engine
        self._sender = sender
        self._every = every
        self._wall = wall
        self._clock = clock
        self._acknowledged: deque[tuple[float, int]] = deque()
        self._looked: float | None = None
        self._counted: EngineRun | None = None
        self._thrown_away = 0
        self._failures = 0
        self._paying: _Paying | None = None
        self._owed: deque[Debt] = deque()
        self._judged: datetime | None = None
        self._told_all = clock()
        self._trouble: UnavailableError | None = None
        self._debts(Debts.begin)

    def round(self) -> float:
        """Tell the engine what it lacks, for some seconds at most; returns after how many seconds
        to come again. Blocks."""
        if not self._stored.ready:
            return NOT_READY_SECONDS
        try:
            self._look_if_due()
            more = self._tell_new()
            self._tell_judged()
            more |= self._pay()
        except UnavailableError as exc:
            return self._wait_after(exc)
        if self._trouble is not None:
            log.info("the engine takes lines again")
        self._trouble, self._failures = None, 0
        if more:
            return 0.0
        self._told_all = self._clock()
        return self._every

    def _wait_after(self, exc: UnavailableError) -> float:
        if self._trouble is None:
            log.warning("%s; trying again, and nothing is lost", exc.text.en)
        self._trouble = exc
        self._looked = None  # whatever happened to it, look before anything is written
        self._failures += 1
        wait = min(self._every * 2.0 ** min(self._failures, 10), LONGEST_WAIT)
        return min(max(wait, exc.retry_after or 0.0), 5 * LONGEST_WAIT)

    # Which run of the engine it is

    def _look_if_due(self) -> None:
        now = self._clock()
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return
        run = self._engine.look()
        known = self._progress().engine
        if run.id != known:
            self._meet(run.id, known)
        self._count_dropped(run)
        self._settle(now)
        self._looked = now

    def _count_dropped(self, run: EngineRun) -> None:
        """What the engine threw away before this start of the collector was reported then."""
        if not run.id:
            return
        last, self._counted = self._counted, run
        if last is None:
            return
        rows = run.dropped - (last.dropped if last.id == run.id else 0)
        if rows > 0:
            self._thrown_away += rows
            log.error(
                "the engine threw %d rows away that it had acknowledged: its retention may be "
                "shorter than the archive's",
                rows,
            )

    def _meet(self, run: str, known: str) -> None:
        if known:
            log.warning("the engine started anew; its last minutes are sent again")
            self._debts(Debts.doubt)
            self._acknowledged.clear()
            self._paying = None
            self._judged = None
        self._debts(lambda debts: debts.met(run))

    def _settle(self, now: float) -> None:
        """Of what was acknowledged long enough before this look, nothing gets lost any more."""
        safe = 0
        while self._acknowledged and self._acknowledged[0][0] <= now - SETTLE_SECONDS:
            safe = self._acknowledged.popleft()[1]
        before = self._wall() - int(SETTLE_SECONDS * 1000)
        self._debts(lambda debts: debts.settle(safe, before))

    # What is new

    def _tell_new(self) -> bool:
        """Whether there may be more."""
        sent = self._progress().sent
        until, lines = self._stored.tail(sent)
        if until == sent:
            return False
        self._sender.send(lines)
        self._debts(lambda debts: debts.advance(sent, until))
        self._acknowledged.append((self._clock(), until))
        return True

    def _tell_judged(self) -> None:
        at = self._facts.at()
        if at is None or at == self._judged:
            return
        told = datetime.fromtimestamp(self._progress().judged / 1000, UTC)
        self._sender.send(self._facts.lines(min(told, at) - FLIPS_AGAIN))
        self._debts(lambda debts: debts.judged(milliseconds(at)))
        self._judged = at

    # What is owed

    def _pay(self) -> bool:
        """Whether there is more to pay."""
        until = self._clock() + PAYING_SECONDS
        while self._clock() < until:
            if self._paying is None and not self._choose():
                return False
            self._pay_a_slice()
        return True

    def _choose(self) -> bool:
        # All are read at once: a back-fill of half a year owes thousands of files.
        self._owed = self._owed or deque(self._debts(Debts.unsent))
        while self._owed:
            debt = self._owed.popleft()
            file = self._stored.file(debt.path)
            if file is not None:
                self._paying = _Paying(debt, file, self._stored.slices(file, debt.since))
                return True
        return False

    def _pay_a_slice(self) -> None:
        paying = self._paying
        assert paying is not None
        if paying.slices:
            lines = self._stored.of_schools(paying.file, paying.debt.since, paying.slices[0])
            if lines is None:  # it was merged meanwhile, and the debt is on the merged file now
                self._paying = None
                return
            self._sender.send(lines)
            del paying.slices[0]
        if not paying.slices:
            now = self._wall()
            self._debts(lambda debts: debts.sent(paying.debt, now))
            self._paying = None

    def owe_all(self, since: date) -> int:
        """Send everything again that was measured on `since` (UTC) or later; returns how many rows
        of the archive that is."""
        owed = [f for f in self._writer.submit(self._journal.files).result() if f.kind != KIND]
        owed = [f for f in owed if f.day >= since.isoformat()]

        def begin(debts: Debts) -> None:
            debts.unsend(1)
            debts.owe(Debt(file.path, 0) for file in owed)

        self._debts(begin)
        return sum(file.rows for file in owed)

    def lag(self) -> float:
        """Seconds since the engine last had everything, beyond those between two writes."""
        return max(0.0, self._clock() - self._told_all - self._every)

    def refused(self) -> int:
        """Lines since this start that the engine did not take, or took and threw away."""
        return self._sender.refused + self._thrown_away

    def figures(self) -> dict[str, object]:
        """For the collector's status; blocks. Rows that are owed in part count in full."""
        rows = {f.path: f.rows for f in self._writer.submit(self._journal.files).result()}
        owed = {debt.path for debt in self._debts(Debts.unsent)}
        trouble = self._trouble
        return {
            "export_lag_seconds": round(self.lag(), 1),
            "export_owed_files": len(owed),
            "export_owed_rows": sum(rows.get(path, 0) for path in owed),
            "export_refused_lines": self.refused(),
            "export_trouble": {"zh": trouble.text.zh, "en": trouble.text.en} if trouble else None,
        }

    def _progress(self) -> Progress:
        return self._debts(Debts.progress) or Progress(0, 0)

    def _debts(self, work: Callable[[Debts], T]) -> T:
        """In the journal's thread, as one transaction."""

        def do() -> T:
            with self._journal.debts() as debts:
                return work(debts)

        return self._writer.submit(do).result()
