"""Keeping logs while a collector runs: seals, deletes what is old enough, and looks again daily."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Self

from collector.beat import every
from collector.logs.book import LogBook
from collector.logs.evidence import LogEvidence
from collector.logs.folder import LogFolder
from collector.logs.own import OwnLog, Readings
from collector.logs.receiver import put_sources
from collector.logs.sealing import Sealing, expire
from collector.logs.verify import Chosen, Fault, Finding, daily_share, verify
from collector.register.database import Database
from collector.register.register import Register, utc_now
from config.log_file import LogPolicy, load_log_policy
from config.policy_folder import PolicyFolder

log = logging.getLogger(__name__)

SECONDS = 600.0
FIRST_SECONDS = 10.0
"""After a start, when there is much else to do."""


TOUCHED = (Fault.REMOVED, Fault.TRUNCATED, Fault.REPLACED, Fault.EDITED)
"""What does not happen by itself."""
Tampered = Callable[[str, str], None]
"""Told the school's code, and the file below the folder of sealed ones."""


def nobody(school: str, file: str) -> None:
    """Is told."""


class LogKeeping:
    """One a collector. `work` and `figures` may be called in any thread."""

    def __init__(
        self,
        database: Database,
        data_dir: Path,
        policy: LogPolicy,
        clock: Callable[[], datetime],
        own: Iterable[OwnLog],
        tampered: Tampered = nobody,
    ) -> None:
        """`tampered`: told of each file of a school's that somebody has touched."""
        self._policy = policy
        self._clock = clock
        self._tampered = tampered
        self.folder = LogFolder(data_dir)
        self.book = LogBook(database, clock)
        self.evidence = LogEvidence(self.book, self.folder, policy, clock, own)
        self._sealing = Sealing(self.book, self.folder, policy)
        self._working = threading.Lock()
        self._checked_on: date | None = None
        self._findings: list[Finding] = []
        self._figures: Mapping[str, object] = {}

    @classmethod
    def of(
        cls,
        register: Register,
        data_dir: Path,
        policies: PolicyFolder,
        own: Iterable[OwnLog] = (),
        tampered: Tampered = nobody,
    ) -> Self:
        """`own` beside the readings. Raises PolicyError."""
        policy, logs = load_log_policy(policies), [Readings(data_dir), *own]
        return cls(register.database, data_dir, policy, utc_now, logs, tampered)

    async def run(self) -> None:
        """Work on a beat, until it is cancelled."""
        await every(SECONDS, self.work, first=FIRST_SECONDS)

    def work(self) -> None:
        """Seal what is over; once a day, and after a start, delete and look again. Blocks."""
        with self._working:
            self.folder.make()
            put_sources(self.folder, self.book.sources())
            self._sealing.seal(self._clock())
            today = self._policy.today(self._clock())
            if today != self._checked_on:
                expire(self.book, self.folder, self._policy, self._clock())
                self._look_again(today)
                self._checked_on = today
            self._figures = self._read()

    def figures(self) -> Mapping[str, object]:
        """For /v1/status; as of the last work, so that nothing waits for the database."""
        return self._figures

    def _look_again(self, today: date) -> None:
        chosen = daily_share(today, self._policy.newest_days, self._policy.every_days)
        self._findings = look(self.book, self.folder, chosen)
        for finding in self._findings:
            log.error("sealed logs: %s: %s", finding.subject, finding.fault.value)
        schools = {source.name: source.school for source in self.book.sources()}
        for finding in self._findings:
            school = schools.get(PurePosixPath(finding.subject).parts[0], "")
            if school and finding.fault in TOUCHED:
                self._tampered(school, finding.subject)

    def _read(self) -> Mapping[str, object]:
        sources, newest = self.evidence.sources(), self.book.newest()
        return {
            "log_sources": len(sources),
            "log_sources_proven": sum(one.proof.proven for one in sources),
            "log_faults": len(self._findings),
            "log_checked_on": str(self._checked_on),
            "log_anchor": newest.anchor if newest else None,
        }


def look(book: LogBook, folder: LogFolder, chosen: Chosen) -> list[Finding]:
    """Verify the chain and the chosen files, and those that were not in order before; note it."""
    seals = book.seals()
    before = {number for number, looked in book.looked().items() if looked.fault}
    found, read = verify(folder, seals, lambda seal: chosen(seal) or seal.number in before)
    unknown = {f.seal for f in found if f.fault is Fault.UNREADABLE}
    faults = dict.fromkeys(read - unknown, "")
    faults |= {f.seal: f.fault.value for f in found if f.seal is not None and f.seal not in unknown}
    book.put_looked(faults)
    return found
