"""Real collectors and agents in processes of their own, to be stopped and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.register.model import School
from collector.register.register import Register
from config.enrolment import Enrolment
from probes.model import Role
from probes.wire import VERSION, EnrolRequest
from tests.durability.diary import DIARY

REPOSITORY = Path(__file__).parents[2]
SCHOOL = "9934000001"
PATIENCE = 30.0
"""Seconds; what has not happened by then will not happen."""


def wait_until(happened: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An agent that may push."""

    agent: str
    key: str
    school: str = SCHOOL

    @property
    def authorization(self) -> str:
        return f"Bearer {self.agent}.{self.key}"


def found_school(data_dir: Path, url: str, agents: int = 0) -> tuple[str, list[Enrolled]]:
    """A register with one school: a good enrolment string, and agents that were enrolled."""
    data_dir.mkdir(parents=True, exist_ok=True)
    register = Register.open(data_dir / "register.sqlite3")
    school = School(code=SCHOOL, name="示范小学", adcode="340199", classes={"primary": 12})
    register.put_schools([school], actor="test")
    token = register.create_token(SCHOOL, Role.PC, actor="test", max_uses=agents + 1)
    enrolment = Enrolment(url, token.id, token.secret)
    enrolled = []
    for n in range(agents):
        request = EnrolRequest(v=VERSION, token=enrolment.token, nonce=f"nonce-{n:08}")
        reply = register.enrol(request, "127.0.0.1")
        enrolled.append(Enrolled(reply.agent, reply.key))
    register.close()
    return enrolment.to_text(), enrolled


class Program:
    """One of our programs with its arguments; it may be run again and again, one at a time."""

    def __init__(self, *arguments: str, log: Path, diary: Path) -> None:
        self._command = [sys.executable, "-m", "tests.durability.programs", *arguments]
        self._environment = {
            **os.environ,
            DIARY: str(diary),
            "PYTHONDONTWRITEBYTECODE": "",  # compiled once, not at each start
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        assert not self.is_running
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=REPOSITORY, env=self._environment, stdout=log, stderr=log
            )

    def end(self, how: signal.Signals) -> int:
        """Send a signal that ends it; returns the exit status."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(PATIENCE)

    def run(self) -> int:
        """Start it, and wait for it to end by itself."""
        self.start()
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        if self.is_running:
            self.end(signal.SIGKILL)


class CollectorProgram(Program):
    """`banjun-collector serve` on a fixed port."""

    def __init__(
        self, data_dir: Path, port: int, seal_every: float, diary: Path, log: Path
    ) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        settings = data_dir / "collector.toml"
        settings.write_text(f"seal_every = {seal_every}\njudge_every = 3600.0\n")
        super().__init__(
            "collector", "serve", "--data-dir", str(data_dir), "--config", str(settings),
            "--port", str(port), "--lang", "en", log=log, diary=diary,
        )  # fmt: skip
        self._serving = data_dir / "serving.json"

    def start(self) -> None:
        """Returns once it listens."""
        super().start()
        wait_until(lambda: self._listens() or not self.is_running, "the collector listens")
        assert self.is_running, self._log.read_text()

    def _listens(self) -> bool:
        if not self._serving.exists():
            return False
        return bool(json.loads(self._serving.read_text())["pid"] == self.pid)
