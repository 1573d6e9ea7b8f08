"""What a power cut would leave behind: a test cannot cut the power, but the kernel can be asked in
which order things were made durable."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.durability.processes import PATIENCE, REPOSITORY

CALLS = "openat,mkdir,rename,unlink,write,pwrite64,fsync,fdatasync"
BEGUN = re.compile(r"(\d+) +(\w+)\((.*?)(?: <unfinished \.\.\.>)?$")
RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
DESCRIPTOR = re.compile(r"\d+<([^>]*)>")
QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that succeeded, and the paths that it was about."""

    name: str
    paths: tuple[Path, ...]
    text: str


def calls(trace: Path) -> Iterator[Call]:
    """In the order in which they returned."""
    begun: dict[str, tuple[str, str]] = {}
    for line in trace.read_text(errors="replace").splitlines():
        if found := RESUMED.match(line):
            thread, rest = found.groups()
            name, given = begun.pop(thread)
            yield from _call(name, given + rest)
        elif found := BEGUN.match(line):
            thread, name, rest = found.groups()
            if line.endswith("<unfinished ...>"):
                begun[thread] = name, rest
            else:
                yield from _call(name, rest)


def _call(name: str, text: str) -> Iterator[Call]:
    given, _, result = text.rpartition(" = ")
    if not result.startswith("-1"):
        pattern = QUOTED if name in ("openat", "mkdir", "rename", "unlink") else DESCRIPTOR
        yield Call(name, tuple(Path(path) for path in pattern.findall(given)[:2]), given)


@dataclass
class Disk:
    """What would be lost if the power failed now: contents, and names in folders."""

    data_dir: Path
    contents: set[Path] = field(default_factory=set)
    names: set[Path] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def journal(self) -> Path:
        return self.data_dir / "journal.sqlite3-wal"

    def follow(self, call: Call) -> None:
        match call:
            case Call("write" | "pwrite64", (path, *_)):
                self.contents.add(path)
            case Call("fsync" | "fdatasync", (path,)):
                self.contents.discard(path)
                self.names -= {name for name in self.names if name.parent == path}
            case Call("mkdir", (path,)):
                self.names.add(path)
            case Call("openat", paths) if "O_CREAT" in call.text and paths:
                self.names.add(paths[0])
            case Call("rename", (old, new)):
                self.names = self.names - {old} | {new}
                if old in self.contents:
                    self.contents = self.contents - {old} | {new}
            case Call("unlink", (path,)):
                self.names.discard(path)
                self.contents.discard(path)

    def unsafe(self) -> set[Path]:
        """Archive files and folders that a power cut could take."""
        lost = {
            p for p in self.contents | self.names if self.data_dir / "archive" in (p, *p.parents)
        }
        return {p for p in lost if p.suffix != ".tmp"}

    def check(self, call: Call) -> None:
        """Nothing relies on what is not durable yet."""
        match call:
            case Call("fdatasync", (path,)) if path == self.journal:
                self.seen["commit"] += 1
                assert not self.unsafe(), f"the journal commits, and {self.unsafe()} may be lost"
            case Call("write", _) if "acknowledged" in call.text:
                self.seen["acknowledged"] += 1
                news = self.seen["commit"] - self.seen["commit acknowledged"]
                self.seen["commit acknowledged"] = self.seen["commit"]
                assert news, "acknowledged before it was committed"
                assert self.journal not in self.contents, "acknowledged before it was durable"
            case Call("unlink", (path,)) if path.suffix == ".parquet":
                self.seen["removed"] += 1
                assert self.journal not in self.contents, "removed before the manifest forgot it"


@pytest.mark.server("strace")
def test_nothing_relies_on_what_a_power_cut_could_take(tmp_path: Path) -> None:
    data_dir, trace = tmp_path / "data", tmp_path / "trace"
    program = [sys.executable, "-m", "tests.durability.watched", str(data_dir)]
    command = ["strace", "-f", "-y", "-e", f"trace={CALLS}", "-o", str(trace), *program]
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if "ptrace" in done.stderr:
        pytest.skip("this system does not let strace trace a process")
    assert done.returncode == 0, done.stderr
    disk = Disk(data_dir)
    for call in calls(trace):
        disk.check(call)
        disk.follow(call)
    assert disk.seen["acknowledged"] == 2
    assert disk.seen["removed"] == 2
    assert disk.seen["commit"] > 4
