"""`banjun-collector tryout`, as a person at a terminal sees it: twice, each ended by Ctrl-C.

Where the tests run as root, it runs as an ordinary user, if that user may read the Python in use.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import duckdb
import psutil
import pytest

from collector.__main__ import main

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]
NOBODY = 65534
CTRL_C = b"\x03"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
FIRST_START_SECONDS, NEXT_START_SECONDS = 90.0, 30.0
STOP_SECONDS = 30.0
SHOWN_LAST = "Ctrl-C stops it"
FIRST_SCHOOL = "9934000001"


@dataclass(frozen=True)
class Run:
    """What one start came to.

    Attributes:
        screen: all that the terminal showed, before Ctrl-C and after.
        verdicts, page, readings: what the collector answered while it ran; readings is a count.
        programs: the arguments of the programs that tryout had started; left: those that survive.
        archive: instant and agent of every reading of host_resources on the disk afterwards.
    """

    screen: str
    verdicts: dict[str, Any]
    page: str
    readings: float
    programs: list[list[str]]
    left: list[psutil.Process]
    exit_code: int
    owner: int
    logs: str
    archive: set[tuple[Any, ...]]


class Terminal:
    """A program in the foreground of a terminal of its own."""

    def __init__(self, arguments: list[str], folder: Path, user: int | None) -> None:
        self._screen, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (50, 200))
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=_environment(folder),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            **_as_user(user),
        )
        os.close(theirs)
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def wait_for(self, words: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while words not in self.shown:
            assert self._read(until - time.monotonic()), f"{words!r} is not in:\n{self.shown}"

    def press(self, key: bytes) -> None:
        os.write(self._screen, key)

    def wait(self, seconds: float) -> int:
        """The exit code; what is shown until then is kept."""
        until = time.monotonic() + seconds
        while self._read(until - time.monotonic()):
            pass
        return self.process.wait(max(0.0, until - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        """Whether there was something to read in time; an ended program shows nothing more."""
        if not select.select([self._screen], [], [], max(0.0, seconds))[0]:
            return False
        try:
            self.shown += self._decoder.decode(os.read(self._screen, 65536))
        except OSError:  # nobody holds the other end
            return False
        return True

    def close(self) -> None:
        """Whatever happened, nothing that was started here goes on."""
        if self.process.poll() is None:
            for each in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            self.process.kill()
            self.process.wait()
        os.close(self._screen)


def _environment(folder: Path) -> dict[str, str]:
    # The width is that of the terminal; whoever starts the tests may have set another one.
    theirs = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    ours = {"HOME": str(folder), "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": ""}
    return {**theirs, **ours}


def _as_user(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


@pytest.fixture(scope="module")
def user() -> int | None:
    """Who runs it: None is whoever runs the tests, who then is no root or the only one who can."""
    if os.geteuid() != 0:
        return None
    try:
        tried = subprocess.run(
            [sys.executable, "-c", "import agent.app, collector.app"],
            cwd=ROOT, capture_output=True, check=False, **_as_user(NOBODY),
        )  # fmt: skip
    except PermissionError:
        return None
    return NOBODY if tried.returncode == 0 else None


@pytest.fixture(scope="module")
def runs(user: int | None) -> Iterator[tuple[Run, Run]]:
    """Two starts, one after the other, on the same data and port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="banjun-tryout-") as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, user, user)
        first = _run(folder, user, port, FIRST_START_SECONDS)
        yield first, _run(folder, user, port, NEXT_START_SECONDS)


def _run(folder: Path, user: int | None, port: int, seconds: float) -> Run:
    data = folder / "data"
    where = ("--data-dir", str(data), "--port", str(port), "--lang", "en")
    terminal = Terminal(["collector", "tryout", *where], folder, user)
    try:
        terminal.wait_for(SHOWN_LAST, seconds)
        site = Site(port, data / "collector" / "admin.key")
        children = psutil.Process(terminal.process.pid).children(recursive=True)
        programs = [child.cmdline() for child in children]
        answers = (site.verdicts(), site.page(), site.readings())
        terminal.press(CTRL_C)
        code = terminal.wait(STOP_SECONDS)
        left = [child for child in children if child.is_running()]
        for child in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        owner = (data / "collector").stat().st_uid
        logs = "".join(log.read_text("utf-8") for log in (data / "log").iterdir())
        screen = STYLE.sub("", terminal.shown)
        return Run(screen, *answers, programs, left, code, owner, logs, archived(data))
    finally:
        terminal.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """A running collector, asked over HTTP."""

    def __init__(self, port: int, admin_key: Path) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._key = admin_key.read_text("ascii").strip()

    def verdicts(self) -> dict[str, Any]:
        return dict(json.loads(self._get("/v1/verdicts")))

    def page(self) -> str:
        return self._get("/")

    def readings(self) -> float:
        """How many values of one metric of host_resources it has of the last day."""
        asked = "metric=host_resources.memory_used_ratio&statistic=count&since=1d"
        return float(sum(row["value"] for row in json.loads(self._get(f"/v1/query?{asked}"))))

    def _get(self, path: str) -> str:
        request = Request(self._url + path, headers={"Authorization": f"Bearer {self._key}"})
        with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
            assert answer.status == 200
            return str(answer.read().decode())


def archived(data: Path) -> set[tuple[Any, ...]]:
    files = [str(f) for f in (data / "collector/archive/host_resources").glob("*.parquet")]
    if not files:
        return set()
    with duckdb.connect() as db:
        rows = db.execute(
            "SELECT r.at, r.agent FROM read_parquet(?) r WHERE memory_used_ratio IS NOT NULL",
            [files],
        ).fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


def test_tryout_runs_as_an_ordinary_user(user: int | None, runs: tuple[Run, Run]) -> None:
    if user is None and os.geteuid() == 0:
        pytest.skip(f"no ordinary user may use {sys.executable} in {ROOT}; tryout ran as root")
    assert {run.owner for run in runs} == {os.geteuid() if user is None else user} != {0}
    for run in runs:
        assert "Running as an ordinary user" in run.screen


def test_tryout_shows_every_schools_verdicts_and_why_they_are_open(runs: tuple[Run, Run]) -> None:
    for run in runs:
        # Duties may be judged anew, on more readings, between the table and our question.
        rows = [row for row in run.verdicts["schools"] if row["kind"] == "target"]
        assert len({row["school"] for row in rows}) == 7
        assert {"not_met", "undetermined"} <= {row["verdict"] for row in rows}
        for row in rows:
            assert row["school_name"] in run.screen
            assert row["verdict_text"]["en"] in run.screen
            if row["unit"] == "bits_per_second":
                assert row["reason"]["en"] in run.screen
        assert "other targets" in run.screen


def test_tryout_judges_by_readings_of_this_machine(runs: tuple[Run, Run]) -> None:
    for run in runs:
        assert run.readings >= 1
        (duty,) = (
            row for row in run.verdicts["schools"]
            if (row["school"], row["target_value"]) == (FIRST_SCHOOL, "duty.host_firewall")
        )  # fmt: skip
        assert "Of 1 machines" in duty["reason"]["en"]


def test_tryout_shows_a_page_that_answers(runs: tuple[Run, Run]) -> None:
    for run in runs:
        assert re.search(r"^Pages: http://127\.0\.0\.1:\d+/\s*$", run.screen, re.M)
        assert f"/schools/{FIRST_SCHOOL}" in run.page


def test_ctrl_c_ends_tryout_and_its_programs_in_order(runs: tuple[Run, Run]) -> None:
    for run in runs:
        # A probe may be running a program of the system just then; it ends with the others.
        ours = (words for words in run.programs if words[1:2] == ["-m"])
        assert sorted(" ".join(words[1:4]) for words in ours) == [
            "-m agent run",
            "-m collector serve",
        ]
        assert run.exit_code == 0, run.screen
        assert run.left == []
        assert "Stopping" in run.screen
        assert "Traceback" not in run.screen + run.logs


def test_second_start_keeps_the_history_of_the_first(runs: tuple[Run, Run]) -> None:
    first, second = runs
    assert "enrolled already" in second.screen
    assert first.archive
    assert first.archive < second.archive
    assert second.readings > len(first.archive)


def test_collector_that_cannot_start_says_why_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    channels = tmp_path / "collector" / "channels.toml"
    channels.parent.mkdir()
    channels.touch(0o644)
    channels.chmod(0o644)
    port = ("--port", str(free_port()))
    assert main(["tryout", "--data-dir", str(tmp_path), *port, "--lang", "en"]) == 2
    assert "ended (2)" in (said := capsys.readouterr().err)
    assert f"run chmod 600 {channels}" in said
