"""One agent process per state directory; the operating system frees the lock when it dies."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from config.file_lock import lock
from probes.text import BanjunError, Text

FILE = "lock"
IDENTITY = "identity.json"

_UNWRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class StateInUseError(BanjunError):
    """Another process works on this state directory."""


class StateLock:
    """Held from `with` to its end. Raises StateInUseError naming the process that holds it.

    A directory that cannot be written is locked through its identity, which any agent must read.

    Args:
        doing: the command that holds it, for the one that comes second.
    """

    def __init__(self, state_dir: Path, doing: str = "") -> None:
        self._directory = state_dir
        self._doing = doing
        self._handle = -1
        self.unwritable: OSError | None = None

    def __enter__(self) -> Self:
        self._open()
        try:
            lock(self._handle)
        except OSError as exc:
            holder = _read(self._handle)
            os.close(self._handle)
            raise self._in_use(holder) from exc
        if self.unwritable is None:
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.ftruncate(self._handle, 0)
            os.write(self._handle, f"{os.getpid()} {self._doing}".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def _open(self) -> None:
        try:
            self._handle = os.open(self._directory / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            if exc.errno not in _UNWRITABLE:
                raise
            self.unwritable = exc
            self._handle = self._open_to_read()

    def _open_to_read(self) -> int:
        for name in (FILE, IDENTITY):
            try:
                return os.open(self._directory / name, os.O_RDONLY)
            except FileNotFoundError:
                continue
        assert self.unwritable is not None
        raise self.unwritable

    def _in_use(self, holder: str) -> StateInUseError:
        number, _, doing = holder.partition(" ")
        what = f"banjun-agent {doing}".rstrip()
        return StateInUseError(
            Text(
                f"{self._directory} 正被另一个代理进程使用：{what}（进程号 {number or '?'}）。"
                "请先停止它，或用 --state-dir 指定另一个目录。",
                f"{self._directory} is in use by another agent: {what} "
                f"(process {number or '?'}). Stop it first, or name another directory with "
                "--state-dir.",
            )
        )


def _read(handle: int) -> str:
    """Who holds it, as far as that can be read."""
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        said = os.read(handle, 40).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return said if said[:1].isdigit() else ""
