"""An agent that something happens to, its collector, and whether anything was lost meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from agent.config_trial import ConfigTrial
from agent.identity import Identity
from probes import wire
from probes.wire import Task
from tests.durability.contents import copied, spooled, stored
from tests.durability.diary import DIARY, TAKEN, Diary
from tests.durability.processes import (
    PATIENCE,
    REPOSITORY,
    SCHOOL,
    CollectorProgram,
    found_school,
    free_port,
    wait_until,
)
from tests.durability.programs import HERE, SCHEDULE
from tests.fakes.certificate import make_certificate

ROUNDS = 8
LONGEST_PUSH = 3600.0
TASKS = [Task("tick", 1, f"t{n:02}", "collector") for n in range(12)]
"""As tests/durability/schedule.toml has them."""


class Site:
    """Both run on this machine; the agent is enrolled and knows what to measure.

    Args:
        state_dir: where the agent's state lies; it may be on another disk.
        host: the name or address under which the agent looks for its collector; any but loopback
            takes TLS.
        namespace: the network that both run in, if it is not that of the test.
        environment: what the agent has in its environment besides that of this process.
        every: seconds between two rounds, and between two pushes as far as that is permitted.
    """

    def __init__(
        self,
        folder: Path,
        *,
        state_dir: Path | None = None,
        host: str = "127.0.0.1",
        namespace: str = "",
        environment: Mapping[str, str] | None = None,
        every: float = 1.0,
    ) -> None:
        self.data_dir = folder / "collector"
        self.state_dir = state_dir or folder / "agent"
        self.log = folder / "agent.log"
        self.agent: subprocess.Popen[bytes] | None = None
        self._settings = folder / "agent.toml"
        self._diary = Diary(folder / "diary")
        self._around = ["ip", "netns", "exec", namespace] if namespace else []
        self._environment = {
            **os.environ,
            **(environment or {}),
            DIARY: str(folder / "diary"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        port = free_port()
        self.collector = CollectorProgram(
            self.data_dir, port, 1.0, diary=folder / "diary", log=folder / "collector.log"
        )
        self.collector._command = [*self._around, *self.collector._command]
        schedule = (HERE / "schedule.toml").read_text().replace("\nevery = 1", f"\nevery = {every}")
        schedule = schedule.replace("_every = 1", f"_every = {min(every, LONGEST_PUSH)}")
        (folder / "schedule.toml").write_text(schedule)
        self.collector._environment[SCHEDULE] = str(folder / "schedule.toml")
        scheme = "http" if host == "127.0.0.1" else "https"
        self._settings.write_text(self._secure(folder, host) if scheme == "https" else "")
        self._enrol(f"{scheme}://{host}:{port}", every)

    def _secure(self, folder: Path, host: str) -> str:
        certificate, key = make_certificate(folder, f"DNS:{host}")
        with (self.data_dir / "collector.toml").open("a") as settings:
            settings.write(f'certificate = "{certificate}"\nprivate_key = "{key}"\n')
        return f'ca_file = "{certificate}"\n'

    def _enrol(self, url: str, every: float) -> None:
        _, (who,) = found_school(self.data_dir, url, 1)
        self.state_dir.mkdir(exist_ok=True)
        Identity(
            agent=who.agent, key=who.key, school=SCHOOL, school_name="示范小学", role="pc", url=url
        ).save(self.state_dir)
        kept = ConfigTrial(
            self.state_dir / "config.json", agent=who.agent, apply=lambda _: None,
            monotonic=lambda: 0.0,
        )  # fmt: skip
        push = min(every, LONGEST_PUSH)
        tasks = [Task(t.probe, every, t.target, t.host) for t in TASKS]
        kept.offer(wire.AgentConfig(wire.VERSION, "r1", "pc", push, push, tasks))
        kept.pushed("r1")

    # The agent

    def start(self) -> None:
        self.agent = self._begin("run")

    def run(self, *command: str) -> int:
        return self._begin(*command).wait(PATIENCE)

    def _begin(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self._around, sys.executable, "-m", "tests.durability.survivor", *command,
                 "--state-dir", str(self.state_dir), "--config", str(self._settings),
                 "--lang", "en"],
                cwd=REPOSITORY, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip

    def said(self) -> str:
        return self.log.read_text()

    # What became of the readings

    def taken(self) -> list[int]:
        return self._diary.read(TAKEN)

    def measure(self, readings: int) -> None:
        """Wait until so many more have been taken."""
        before = len(self.taken())
        wait_until(lambda: len(self.taken()) >= before + readings, f"{readings} more readings")

    def deliver(self) -> None:
        """Wait until what was taken by now has reached the collector."""
        taken = set(self.taken())
        wait_until(lambda: taken <= self.stored().keys(), "everything delivered")

    def stored(self) -> Counter[int]:
        found = Counter[int]()
        for (_, _, _, number), times in stored(self.data_dir).items():
            found[number] += times
        return found

    def settle(self) -> None:
        """Stop the agent, have it deliver what is left, and stop the collector."""
        assert self.agent is not None
        self.agent.send_signal(signal.SIGTERM)
        assert self.agent.wait(PATIENCE) == 0, self.said()
        for _ in range(ROUNDS):
            if not spooled(self.state_dir):
                break
            self.run("once")
        assert self.collector.end(signal.SIGTERM) == 0

    def lost(self) -> int:
        """How many of the readings that were taken the collector does not have. None is doubled."""
        kept, taken = self.stored(), Counter(self.taken())
        assert max(kept.values()) == 1
        assert not kept - taken
        return (taken - kept).total()

    def gaps(self) -> Counter[str]:
        """How many readings the collector was told are lost, by reason."""
        with copied(self.data_dir / "journal.sqlite3") as db:
            return Counter(dict(db.execute("SELECT reason, sum(count) FROM gap GROUP BY reason")))

    def close(self) -> None:
        if self.agent is not None and self.agent.poll() is None:
            self.agent.send_signal(signal.SIGCONT)
            self.agent.kill()
            self.agent.wait(PATIENCE)
        self.collector.close()
