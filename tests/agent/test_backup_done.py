"""`banjun-agent backup-done`, and that the agent reads what it wrote."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent.__main__ import main

ROOT = Path(__file__).parents[2]
DAY = 86_400


class Shell:
    """Runs the agent on a machine that is enrolled."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        (self.state / "identity.json").write_text("{}")
        self.backup = folder / "学校.dump"
        self._capsys = capsys

    def make(self, content: bytes, ago: float = 0) -> None:
        self.backup.write_bytes(content)
        at = time.time() - ago
        os.utime(self.backup, (at, at))

    def __call__(self, *words: str, lang: str = "en") -> tuple[int, str, str]:
        code = main([*words, "--lang", lang, "--state-dir", str(self.state)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def done(self, job: str, *more: str) -> tuple[int, str, str]:
        return self("backup-done", "--job", job, "--file", str(self.backup), *more)

    def manifest(self, job: str) -> dict[str, Any]:
        path = self.state / "backups" / f"{job}.json"
        return dict(json.loads(path.read_text("utf-8")))


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.setenv("BANJUN_STATE_DIR", "")  # set back afterwards: the agent sets it
    return Shell(tmp_path, capsys)


def test_job_writes_what_its_backup_is(shell: Shell) -> None:
    shell.make(b"x" * 5000, ago=DAY)
    code, out, err = shell.done("school-db", "--place", "offsite")
    assert (code, "5000 bytes" in out, err) == (0, True, "")
    found = shell.manifest("school-db")
    assert (found["job"], found["bytes"], found["place"]) == ("school-db", 5000, "offsite")
    assert found["sha256"] == hashlib.sha256(b"x" * 5000).hexdigest()
    assert found["time"] == pytest.approx(time.time() - DAY, abs=60)
    assert found["sizes"] == []


def test_old_backup_that_is_told_again_stays_old_and_counts_once(shell: Shell) -> None:
    shell.make(b"x", ago=3 * DAY)
    for _ in range(3):
        assert shell.done("db")[0] == 0
    found = shell.manifest("db")
    assert found["time"] == pytest.approx(time.time() - 3 * DAY, abs=60)
    assert found["sizes"] == []


def test_last_ten_sizes_are_kept(shell: Shell) -> None:
    for number in range(14):
        shell.make(b"x" * number, ago=DAY * (20 - number))
        shell.done("db")
    assert shell.manifest("db")["sizes"] == list(range(3, 13))


def test_agent_reads_what_the_job_wrote(shell: Shell) -> None:
    for number in range(4):
        shell.make(b"x" * 100 * (1 if number < 3 else 2), ago=DAY * (4 - number))
        shell.done("db")
    code, out, _ = shell("probe", "posture_backup", "--json")
    (record,) = json.loads(out)
    assert code == 0
    assert record["labels"]["job"] == "db"
    assert record["values"]["backup_age_seconds"] == pytest.approx(DAY, abs=60)
    assert record["values"]["backup_size_ratio"] == 2


@pytest.mark.parametrize("job", ["", "DB", "a/b", "../x", "数据库", "a" * 33, "-x", "a.b"])
def test_name_that_is_none_is_refused(job: str, shell: Shell) -> None:
    shell.make(b"x")
    code, out, err = shell("backup-done", f"--job={job}", "--file", str(shell.backup))
    assert (code, out) == (2, "")
    assert "lower-case" in err
    assert not (shell.state / "backups").exists()


def test_backup_that_is_not_there_is_no_success(shell: Shell) -> None:
    code, out, err = shell.done("db")
    assert (code, out) == (2, "")
    assert "not taken for done" in err
    shell.make(b"x", ago=-DAY)
    code, _, err = shell.done("db")
    assert (code, "clock" in err) == (2, True)
    assert list((shell.state / "backups").iterdir()) == []


def test_what_stood_there_before_survives_a_failure(shell: Shell) -> None:
    shell.make(b"x", ago=DAY)
    shell.done("db")
    before = shell.manifest("db")
    shell.backup.unlink()
    assert shell.done("db")[0] == 2
    assert shell.manifest("db") == before


def test_manifest_that_was_spoiled_is_written_anew(shell: Shell) -> None:
    shell.make(b"x", ago=DAY)
    shell.done("db")
    (shell.state / "backups/db.json").write_text("???")
    assert shell.done("db")[0] == 0
    assert shell.manifest("db")["sizes"] == []


def test_seventeenth_job_is_refused(shell: Shell) -> None:
    shell.make(b"x", ago=DAY)
    for number in range(16):
        assert shell.done(f"job{number}")[0] == 0
    code, _, err = shell.done("one-more")
    assert (code, "16" in err) == (2, True)
    assert shell.done("job3")[0] == 0


def test_folder_where_no_agent_works_is_named(shell: Shell) -> None:
    shell.make(b"x")
    (shell.state / "identity.json").unlink()
    code, _, err = shell.done("db")
    assert (code, "--state-dir" in err) == (2, True)


@pytest.mark.root
def test_agent_of_an_ordinary_user_may_read_what_root_wrote(shell: Shell) -> None:
    """Jobs run as root; the folder above keeps everybody else out."""
    shell.make(b"x", ago=DAY)
    old = os.umask(0o077)
    try:
        shell.done("db")
    finally:
        os.umask(old)
    assert (shell.state / "backups").stat().st_mode & 0o777 == 0o755
    assert (shell.state / "backups/db.json").stat().st_mode & 0o777 == 0o644


def test_line_of_a_crontab_works_as_it_is_written(shell: Shell) -> None:
    """A backup that fails is not told as done, by the && of the example."""
    command = f"'{sys.executable}' -m agent backup-done --job db --file '{shell.backup}' --lang zh"
    tell = f"{command} --state-dir '{shell.state}'"
    for made, code in (("false", 1), (f"printf data > '{shell.backup}'", 0)):
        done = subprocess.run(
            ["sh", "-c", f"{made} && {tell}"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == bool(code), done.stderr
        assert ("已记下备份" in done.stdout) == (not code)
    assert shell.manifest("db")["bytes"] == 4


def test_script_of_the_page_writes_what_the_agent_reads(shell: Shell) -> None:
    page = (ROOT / "docs/backups.md").read_text("utf-8")
    (script,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    shell.make(b"x" * 77, ago=DAY)
    for old, new in (
        ("/var/lib/banjun-agent", shell.state),
        ("/backup/school.tar.gz", shell.backup),
    ):
        assert old in script
        script = script.replace(old, str(new))
    subprocess.run(["sh", "-euc", script], check=True)
    _, out, _ = shell("probe", "posture_backup", "--json")
    (record,) = json.loads(out)
    assert record["labels"]["job"] == "school-files"
    assert record["values"]["backup_bytes"] == 77
    assert record["values"]["backup_age_seconds"] == pytest.approx(DAY, abs=60)
