"""What becomes of a test that fails, with and without a moment in which nothing could run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFTEST = """
from tests import stalls
def pytest_configure(config):
    config.pluginmanager.register(stalls)
"""
STOPPED = """
import os, signal, subprocess, sys, time
resume = f"import os, time; time.sleep(0.5); os.kill({os.getpid()}, {int(signal.SIGCONT)})"
runs = []
def test_it():
    runs.append(time.monotonic())
    if len(runs) <= FAILURES:
        with subprocess.Popen([sys.executable, "-c", resume]):
            os.kill(os.getpid(), signal.SIGSTOP)
        assert time.monotonic() - runs[-1] < 0.1
"""
WRONG = """
runs = []
def test_it():
    runs.append(1)
    assert len(runs) == 2
"""


def outcome(folder: Path, test: str) -> tuple[int, str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir"]
    done = subprocess.run(
        [*command, str(folder), str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


def test_one_that_fails_over_a_stall_is_run_again_and_named(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, STOPPED.replace("FAILURES", "1"))
    assert code == 0, said
    assert "1 passed, 1 rerun" in said
    assert "stood still" in said
    assert "test_it.py::test_it" in said


def test_one_that_fails_at_every_run_has_failed(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, STOPPED.replace("FAILURES", "9"))
    assert code == 1
    assert "1 failed, 2 rerun" in said


def test_one_that_fails_without_a_stall_is_not_run_again(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, WRONG)
    assert code == 1
    assert "rerun" not in said
