"""The real programs beyond loopback: `init`, `serve`, `token create`, `enrol`, `once`, `status`.

They run in a network namespace of their own with one address that is not loopback.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.root, pytest.mark.server("ip")]

ROOT = Path(__file__).parents[1]
ADDRESS = "198.51.100.10"
SCHOOL = "9934000001"
PATIENCE = 30.0


class Machine:
    """Runs our programs inside the namespace, on folders of one test."""

    def __init__(self, folder: Path, space: str) -> None:
        self.folder = folder
        self._inside = ["ip", "netns", "exec", space, sys.executable, "-m"]

    def command(self, *arguments: str) -> list[str]:
        places = {
            "collector": ("--data-dir", str(self.folder / "collector")),
            "agent": ("--state-dir", str(self.folder / "agent")),
        }
        return [*self._inside, *arguments, *places[arguments[0]], "--lang", "en"]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    space = f"banjun-tls-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", space], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("needs network namespaces")
    try:
        for words in ("link set lo up", f"addr add {ADDRESS}/32 dev lo"):
            subprocess.run(["ip", "-n", space, *words.split()], check=True)
        yield Machine(tmp_path, space)
    finally:
        subprocess.run(["ip", "netns", "del", space], check=False)


@pytest.fixture
def collector(machine: Machine) -> Iterator[Machine]:
    machine.run("collector", "init", "--name", ADDRESS)
    with subprocess.Popen(
        machine.command("collector", "serve", "--host", ADDRESS),
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as program:  # fmt: skip
        try:
            _wait_for(machine.folder / "collector" / "serving.json", program)
            yield machine
        finally:
            program.terminate()
            program.wait(PATIENCE)


def _wait_for(path: Path, program: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while not path.exists():
        assert program.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)


def test_agent_enrols_and_delivers_to_the_pinned_collector(collector: Machine) -> None:
    collector.run(
        "collector", "schools", "import", str(ROOT / "config" / "examples" / "county.csv")
    )
    string = collector.run("collector", "token", "create", SCHOOL).strip()
    collector.run("agent", "enrol", string)
    kept = (collector.folder / "agent" / "authority.pem").read_text()
    assert kept == (collector.folder / "collector" / "tls" / "authority.pem").read_text()
    collector.run("agent", "once")
    status = json.loads(collector.run("collector", "status", "--json"))
    assert status["agents_heard"] == 1
    assert status["certificate_until"]
