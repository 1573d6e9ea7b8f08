"""Nothing is left of a lab, also when the process that made it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.lab.programs import ROOT
from tests.lab.space import PREFIX, lab, run, sweep

pytestmark = [pytest.mark.root, pytest.mark.server("ip")]
LEFT_ALONE = """
import time
from tests.lab.space import lab
import subprocess
with lab() as (spaces, folder):
    words = spaces.add("one").command("sleep", "60")
    sleeper = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    print(folder, sleeper.pid, flush=True)
    time.sleep(60)
"""


def spaces_of(process: int) -> list[str]:
    found = (line.split()[0] for line in run("ip", "netns", "list").splitlines() if line)
    return [name for name in found if name.startswith(f"{PREFIX}-{process}-")]


def folders_of(process: int) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{PREFIX}-{process}-*"))


def test_lab_takes_its_namespaces_programs_and_folder_with_it() -> None:
    with lab() as (spaces, folder):
        space = spaces.add("one")
        (folder / "file").touch()
        sleeper = subprocess.Popen(space.command("sleep", "60"))
        assert spaces_of(os.getpid()) == [space.name]
    assert sleeper.wait(5) == -signal.SIGKILL
    assert spaces_of(os.getpid()) == []
    assert not folder.exists()


def test_next_run_removes_what_a_killed_one_left_and_nothing_of_a_living_one() -> None:
    with lab() as (spaces, _):
        living = spaces.add("living")
        dying = subprocess.Popen(
            [sys.executable, "-c", LEFT_ALONE], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert dying.stdout is not None
        folder, sleeper = dying.stdout.readline().split()
        dying.kill()
        dying.communicate()
        assert spaces_of(dying.pid)
        assert folders_of(dying.pid) == [Path(folder)]
        assert is_running(int(sleeper))
        sweep()
        assert spaces_of(dying.pid) == []
        assert folders_of(dying.pid) == []
        assert not is_running(int(sleeper))
        assert living.name in spaces_of(os.getpid())


def is_running(process: int) -> bool:
    """A killed one whose parent is gone may wait a moment to be buried."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
