"""What the collector knows of itself, in one place: for /v1/status, /metrics, readiness and export.

Nothing here waits for the database: when its disk hangs, these figures must still come.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collector.api.push import PushTally
from collector.export.export import Export
from collector.fleet.heard import Heard
from collector.judge.timer import JudgingTimer
from collector.measure.lending import Lending
from collector.measure.reflector import Reflector
from collector.register.directory import AgentDirectory
from collector.store.commit import Committer
from collector.store.storehouse import Storehouse
from collector.tls.live import LiveCertificate

HEARD_MS = 10 * 60 * 1000
"""An agent that pushed within these counts as heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One look. Counts are since this start, unless it says otherwise.

    Attributes:
        agents: enrolled and not revoked.
        agents_heard: within ten minutes.
        refused: pushes by reason (collector.api.push.REFUSALS).
        batches: by acknowledgement.
        commits: by duration (collector.store.commit_tally.BOUNDS).
        commits_failed: by reason.
        readings_lost: those that agents have ever reported.
        judging_age, judging_took: seconds, of the last round that went well; None before it.
        measuring: permits that are out.
        measuring_bits, measuring_limit_bits: per second, lent now, and that may be lent.
        permits_granted: by tier.
        permits_refused: by reason (collector.measure.lending.REASONS).
        permits_bytes: that these permits allowed to spend.
        export_lag: seconds since the engine last had everything; None without an engine.
        export_refused: lines that it did not take; None without an engine.
        certificate_until: None without TLS, and for a certificate of another authority.
    """

    started_at: datetime
    agents: int
    agents_heard: int
    pushes_accepted: int
    pushes_refused: Mapping[str, int]
    pushes_waiting: int
    batches: Mapping[str, int]
    readings_stored: int
    readings_lost: int
    commits: tuple[int, ...]
    commit_seconds: float
    commits_failed: Mapping[str, int]
    journal_batches: int
    unreadable_batches: int
    archive_files: int
    archive_rows: int
    archive_bytes: int
    judging_age: float | None
    judging_took: float | None
    judging_failures: int
    reflector_answered: int
    reflector_turned_away: int
    measuring: int
    measuring_bits: float
    measuring_limit_bits: float
    permits_granted: Mapping[str, int]
    permits_refused: Mapping[str, int]
    permits_bytes: int
    export_lag: float | None
    export_refused: int | None
    certificate_until: datetime | None
    disk_bytes: int
    disk_free_bytes: int

    def for_status(self) -> dict[str, object]:
        """What a person asks for, and what an engine is told (config.measurement.PLATFORM), by its
        names there; plain JSON values."""
        until = self.certificate_until
        return {
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "agents": self.agents,
            "agents_heard": self.agents_heard,
            **({"certificate_until": until.isoformat()} if until else {}),
            "pushes_waiting": self.pushes_waiting,
            "readings_lost": self.readings_lost,
            "reflector": {
                "answered": self.reflector_answered,
                "turned_away": self.reflector_turned_away,
            },
            "measuring": {
                "running": self.measuring,
                "lent_bits_per_second": self.measuring_bits,
                "limit_bits_per_second": self.measuring_limit_bits,
                "granted": dict(self.permits_granted),
                "refused": {reason: n for reason, n in self.permits_refused.items() if n},
                "granted_bytes": self.permits_bytes,
            },
            "archive_files": self.archive_files,
            "archive_rows": self.archive_rows,
            "archive_bytes": self.archive_bytes,
            "journal_batches": self.journal_batches,
            "unreadable_batches": self.unreadable_batches,
            "disk_free_bytes": self.disk_free_bytes,
        }


class Gauges:
    """Where the figures are read off; `read` may be called in any thread."""

    def __init__(
        self,
        *,
        started: datetime,
        now: Callable[[], int],
        directory: AgentDirectory,
        heard: Heard,
        pushes: PushTally,
        committer: Committer,
        house: Storehouse,
        timer: JudgingTimer,
        reflector: Reflector,
        lending: Lending,
        export: Export,
        certificate: LiveCertificate | None,
        data_dir: Path,
    ) -> None:
        self._started = started
        self._now = now
        self._directory = directory
        self._heard = heard
        self._pushes = pushes
        self._committer = committer
        self._house = house
        self._timer = timer
        self._reflector = reflector
        self._lending = lending
        self._export = export
        self._certificate = certificate
        self._data_dir = data_dir

    def read(self) -> Figures:
        commits, journal = self._committer.tally, self._house.journal
        archive = self._house.archive_size()
        facts = self._certificate and self._certificate.facts
        disk = shutil.disk_usage(self._data_dir)
        running, permits = self._lending.slots.running(), self._lending.tally
        return Figures(
            started_at=self._started,
            agents=self._directory.enrolled(),
            agents_heard=self._heard.since(self._now() - HEARD_MS),
            pushes_accepted=self._pushes.accepted,
            pushes_refused=dict(self._pushes.refused),
            pushes_waiting=self._committer.depth,
            batches=dict(self._pushes.batches),
            readings_stored=commits.readings,
            readings_lost=journal.readings_lost(),
            commits=tuple(commits.by_duration),
            commit_seconds=commits.seconds,
            commits_failed=dict(commits.failed),
            journal_batches=journal.count(),
            unreadable_batches=journal.unreadable(),
            archive_files=archive.files,
            archive_rows=archive.rows,
            archive_bytes=archive.bytes,
            judging_age=self._timer.age(),
            judging_took=self._timer.took,
            judging_failures=self._timer.failures,
            reflector_answered=self._reflector.answered,
            reflector_turned_away=self._reflector.turned_away,
            measuring=len(running),
            measuring_bits=sum(slot.bits_per_second for slot in running),
            measuring_limit_bits=self._lending.slots.limit,
            permits_granted=dict(permits.granted),
            permits_refused=dict(permits.refused),
            permits_bytes=permits.granted_bytes,
            export_lag=self._export.lag(),
            export_refused=self._export.refused(),
            certificate_until=facts.until if facts else None,
            disk_bytes=disk.total,
            disk_free_bytes=disk.free,
        )
