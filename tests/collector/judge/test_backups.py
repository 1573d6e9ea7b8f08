from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collector.judge.judge import Judge, read_policies
from collector.judge.model import DutyStatus, PartStatus, Verdict
from collector.register.model import Agent
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from probes.catalog import discover
from tests.collector.judge.town import agent, school

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""A Monday noon in China."""
DAY = 86_400.0


class Server:
    """One machine that keeps backups, and what its jobs reported."""

    def __init__(self, calendar: Calendar) -> None:
        policies = read_policies()
        backups = tuple(d for d in policies.duties if d.id == "duty.backups")
        self._judge = Judge(discover(), replace(policies, duties=backups), calendar)
        self._store = MemoryStore(discover())
        self.agents: list[Agent] = [agent("server", "A"), agent("pc", "A")]

    def report(self, job: str, place: str, days: float, at: datetime = NOW) -> None:
        labels = {"part": "job", "job": job, "place": place, "source": "file", "privilege": "user"}
        self._store.readings.append(
            StoredReading(
                probe="posture_backup",
                at=at,
                school="A",
                agent="server",
                values={"backup_age_seconds": days * DAY},
                labels=labels,
            )
        )

    def part(self, id: str = "local") -> PartStatus:
        return next(part for part in self._status().parts if part.id == id)

    def _status(self) -> DutyStatus:
        found = self._judge.judge([school("A")], self._store, self.agents, NOW.date(), NOW)
        (status,) = found.duties
        return status


@pytest.fixture
def server(calendar: Calendar) -> Server:
    return Server(calendar)


def test_backup_of_this_week_is_in_time(server: Server) -> None:
    server.report("marks", "local", 6)
    assert server.part().finding.verdict is Verdict.MET
    assert server.part().finding.reason.zh == "1 个备份作业，最旧的一份是 6 天前的。"


def test_job_that_is_late_decides_over_one_that_is_not(server: Server) -> None:
    server.report("marks", "local", 1)
    server.report("photos", "local", 8)
    assert server.part().finding.verdict is Verdict.NOT_MET


def test_copy_elsewhere_may_be_older_and_says_nothing_of_the_one_here(server: Server) -> None:
    server.report("marks", "offsite", 29)
    assert server.part("offsite").finding.verdict is Verdict.MET
    assert server.part("local").finding.verdict is Verdict.UNDETERMINED


def test_without_any_report_nothing_is_known(server: Server) -> None:
    assert server.part().finding.verdict is Verdict.UNDETERMINED
    assert server.part().finding.legs == ()


def test_backup_grows_older_after_it_was_reported(server: Server) -> None:
    server.report("marks", "local", 6, NOW - timedelta(hours=30))
    assert server.part().finding.verdict is Verdict.NOT_MET


def test_job_that_has_not_reported_for_days_is_unknown(server: Server) -> None:
    server.report("marks", "local", 1, NOW - timedelta(days=14))
    assert server.part().finding.verdict is Verdict.UNDETERMINED


def test_machine_that_was_taken_off_the_register_proves_nothing(server: Server) -> None:
    server.report("marks", "local", 1)
    server.agents = [agent("pc", "A")]
    assert server.part().finding.verdict is Verdict.UNDETERMINED
