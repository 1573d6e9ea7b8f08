"""The unplugged school: the collector goes away and comes back, the agent is killed again and
again, and every reading that it recorded is in the archive exactly once."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.contents import reported_gaps, spooled, stored, strangers, waiting
from tests.durability.diary import KEPT, TAKEN, Diary
from tests.durability.processes import (
    CollectorProgram,
    Program,
    found_school,
    free_port,
    wait_until,
)

ROUNDS = 8
"""Of `once`; each delivers up to two hundred pushes."""


class School:
    """One agent, its collector, and what the agent is known to have recorded."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "collector"
        self.state_dir = folder / "agent"
        self.diary = Diary(folder / "diary")
        self.recorded: set[int] = set()
        port = free_port()
        self.collector = CollectorProgram(
            self.data_dir, port, 1.0, diary=folder / "diary", log=folder / "collector.log"
        )
        self._programs: list[Program] = [self.collector]
        self._folder = folder
        string, _ = found_school(self.data_dir, f"http://127.0.0.1:{port}")
        self._enrol = self._agent("enrol", string)
        self.agent = self._agent("run")
        self._once = self._agent("once")

    def _agent(self, *arguments: str) -> Program:
        program = Program(
            "agent", *arguments, "--state-dir", str(self.state_dir),
            log=self._folder / "agent.log", diary=self._folder / "diary",
        )  # fmt: skip
        self._programs.append(program)
        return program

    def enrol(self) -> None:
        assert self._enrol.run() == 0

    def measure(self, readings: int) -> None:
        """Wait until the agent has recorded so many more."""
        before = len(self.diary.read(KEPT))
        wait_until(
            lambda: len(self.diary.read(KEPT)) >= before + readings, f"{readings} more readings"
        )

    def kill_agent(self) -> None:
        """What it had committed, but could not write down any more, is in its spool."""
        self.agent.end(signal.SIGKILL)
        self.recorded |= {*self.diary.read(KEPT), *spooled(self.state_dir)}

    def drain(self) -> None:
        """Deliver all that waits, in rounds that record new readings themselves."""
        assert self.agent.end(signal.SIGTERM) == 0
        statuses: list[int] = []
        while spooled(self.state_dir) or not statuses:
            statuses.append(self._once.run())
            assert len(statuses) <= ROUNDS, statuses
        self.recorded |= set(self.diary.read(KEPT))

    def close(self) -> None:
        for program in self._programs:
            program.close()


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    founded = School(tmp_path)
    yield founded
    founded.close()


def test_every_recorded_reading_is_archived_exactly_once(school: School) -> None:
    school.collector.start()
    school.enrol()
    school.agent.start()
    school.measure(20)
    school.kill_agent()

    school.agent.start()
    school.measure(8)
    assert school.collector.end(signal.SIGTERM) == 0
    school.measure(14)
    school.kill_agent()

    school.agent.start()
    school.measure(14)
    held = waiting(school.state_dir)
    assert held >= 14  # the collector is away
    school.collector.start()
    school.measure(14)
    school.kill_agent()

    school.agent.start()
    wait_until(lambda: waiting(school.state_dir) < held, "a delivery")
    school.collector.end(signal.SIGKILL)
    school.measure(8)
    school.kill_agent()
    school.collector.start()

    school.agent.start()
    school.measure(14)
    school.drain()
    assert school.collector.end(signal.SIGTERM) == 0

    archive = Counter[int]()
    for (_, _, _, number), times in stored(school.data_dir).items():
        archive[number] += times
    assert archive == Counter(school.recorded)
    assert set(archive) <= set(school.diary.read(TAKEN))
    assert reported_gaps(school.data_dir) == 0
    assert strangers(school.data_dir) == []
