"""A data directory to which lines come day after day, as the receiver would write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from collector.logs.book import LogBook
from collector.logs.evidence import LogEvidence
from collector.logs.folder import LogFolder
from collector.logs.proof import Proof
from collector.logs.seal import Part, Seal
from collector.logs.sealing import Sealing
from collector.logs.verify import Finding, verify
from collector.register.database import Database
from config.log_file import LogPolicy, load_log_policy

POLICY = load_log_policy()
FIRST = date(2026, 3, 1)
DAY = timedelta(days=1)


class LogScene:
    """It is noon of `today`."""

    def __init__(self, data_dir: Path, policy: LogPolicy = POLICY) -> None:
        self.data_dir = data_dir
        self.policy = policy
        self.today = FIRST
        self.database = Database(data_dir / "register.sqlite3")
        self.book = LogBook(self.database, self.now)
        self.folder = LogFolder(data_dir)
        self.folder.make()
        self.evidence = LogEvidence(self.book, self.folder, policy, self.now)

    def now(self) -> datetime:
        return datetime.combine(self.today, time(12), self.policy.zone)

    def add(
        self, name: str, address: str, school: str = "", silent_days: int | None = None
    ) -> None:
        self.book.put_source(name, school, [address], "test", silent_days=silent_days)

    def receive(
        self, source: str, day: date, lines: Iterable[str] = ("link up", "link down")
    ) -> Path:
        """Append what the receiver would on that day."""
        path = self.folder.incoming / source / f"{day}.log"
        path.parent.mkdir(exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            for second, line in enumerate(lines):
                file.write(f"{day}T08:00:{second:02}.000001+08:00 192.0.2.1 <14>{line}\n")
        return path

    def seal(self, step: Callable[[str], None] = lambda _: None, patience: float = 0) -> list[Seal]:
        sealing = Sealing(self.book, self.folder, self.policy, patience=patience, step=step)
        return sealing.seal(self.now())

    def live(self, days: int, source: str, without: Iterable[int] = ()) -> None:
        """So many days with lines, but for those numbered in `without`, each sealed a day later."""
        skipped = set(without)
        for number in range(days):
            if number not in skipped:
                self.receive(source, self.today)
            self.today += DAY
            self.seal()

    def file(self, source: str, day: date, number: int = 0) -> Path:
        return self.folder.sealed(Part(source, day, number))

    def faults(self) -> list[tuple[str, str]]:
        """What reading everything again finds: (fault, subject)."""
        found: list[Finding] = verify(self.folder, self.book.seals(), lambda _: True)[0]
        return [(finding.fault.value, finding.subject) for finding in found]

    def proof_of(self, name: str) -> Proof:
        """Of a source, registered or not."""
        if name not in {one.name for one in self.book.sources()}:
            self.book.put_source(name, "", (), "test")
        return next(one.proof for one in self.evidence.sources() if one.name == name)
