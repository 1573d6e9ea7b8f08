"""DATA_DIR/logs: where the receiver writes, what is being closed, and what is sealed.

The receiver appends to `incoming/SOURCE/DAY.log`, and to nothing else that is kept. A finished file
is first moved to `closing/`, under the name of the part that it becomes, so that later lines begin
another file and a crash leaves something to be done again, never something half done.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

from collector.logs.seal import Part
from collector.logs.source import is_folder_name
from config.durable import sync_directory

FOLDER = "logs"
_INCOMING = re.compile(r"(\d{4}-\d\d-\d\d)\.log")
_CLOSING = re.compile(r"(\d{4}-\d\d-\d\d)\.(\d+)\.log")
_QUIET_SECONDS = 3600.0
"""Where the system cannot tell whether a file is open: so long after the last line it is not. The
receiver closes what it has not written to for ten minutes."""


class Incoming(NamedTuple):
    """A file of the receiver; `written_at`: when the last line came, in seconds since 1970."""

    source: str
    day: date
    path: Path
    bytes: int
    written_at: float


class LogFolder:
    """Makes the folders; raises OSError."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir.absolute() / FOLDER
        self.incoming, self.queue = self.root / "incoming", self.root / "queue"
        self._closing, self._sealed = self.root / "closing", self.root / "sealed"
        self.sources = self.root / "sources.json"
        self.pid = self.root / "rsyslogd.pid"

    def make(self) -> None:
        for folder in (self.incoming, self.queue, self._closing, self._sealed):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def arrived(self) -> list[Incoming]:
        """What the receiver has written and nobody has taken up, by source and day."""
        found = []
        for path in self.incoming.glob("*/*.log"):
            match = _INCOMING.fullmatch(path.name)
            day = _day_or_none(match[1]) if match else None
            if day is None or not is_folder_name(path.parent.name) or path.is_symlink():
                continue
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append(Incoming(path.parent.name, day, path, status.st_size, status.st_mtime))
        return sorted(found)

    def take(self, incoming: Incoming, part: Part) -> None:
        """Move the file away from the receiver, which begins another one for a later line."""
        target = self._of(part)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        incoming.path.rename(target)
        sync_directory(target.parent)
        sync_directory(incoming.path.parent)

    def taken(self) -> Iterator[tuple[Part, Path]]:
        """What waits to be sealed, by source, day and part."""
        for path in sorted(self._closing.glob("*/*.log")):
            match = _CLOSING.fullmatch(path.name)
            day = _day_or_none(match[1]) if match else None
            if match and day and is_folder_name(path.parent.name):
                yield Part(path.parent.name, day, int(match[2])), path

    def sealed(self, part: Part) -> Path:
        """Where that part lies, or would."""
        if not is_folder_name(part.source):
            raise ValueError(f"{part.source!r} is no name of a source")
        return self._sealed / part.path

    @property
    def sealed_root(self) -> Path:
        return self._sealed

    def all_sealed(self) -> set[Path]:
        """Every file that lies where sealed ones do."""
        return {path for path in self._sealed.rglob("*") if not path.is_dir() or path.is_symlink()}

    def _of(self, part: Part) -> Path:
        return self._closing / part.source / f"{part.day}.{part.number}.log"


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_being_written(path: Path) -> bool:
    """Whether any process has the file open for writing.

    Linux answers that by granting a lease or not. Where it cannot, as on a network file system,
    the time of the last line answers.
    """
    import fcntl

    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as exc:
        if exc.errno == errno.EAGAIN:
            return True
        return time.time() - os.fstat(handle).st_mtime < _QUIET_SECONDS
    finally:
        os.close(handle)
    return False


def tell_receiver(pid_file: Path) -> bool:
    """Have the receiver close its files and read the list of sources again; False if none runs."""
    try:
        pid = int(pid_file.read_text("ascii"))
        if Path(f"/proc/{pid}/comm").read_text("ascii").strip() != "rsyslogd":
            return False
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True
