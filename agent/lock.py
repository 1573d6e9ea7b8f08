"""One agent process per state directory; the operating system frees the lock when it dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from probes.text import BanjunError, Text


class StateInUseError(BanjunError):
    """Another process works on this state directory."""


class StateLock:
    """Held from `with` to its end. Raises StateInUseError naming the process that holds it."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "lock"
        self._handle = -1

    def __enter__(self) -> Self:
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._handle)
        except OSError as exc:
            os.lseek(self._handle, 0, os.SEEK_SET)
            holder = os.read(self._handle, 20).decode("ascii", "replace").strip() or "?"
            os.close(self._handle)
            raise self._in_use(holder) from exc
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.ftruncate(self._handle, 0)
        os.write(self._handle, str(os.getpid()).encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def _in_use(self, holder: str) -> StateInUseError:
        directory = self._path.parent
        return StateInUseError(
            Text(
                f"{directory} 正被另一个代理进程（进程号 {holder}）使用。"
                "请先停止它，或用 --state-dir 指定另一个目录。",
                f"{directory} is in use by another agent (process {holder}). "
                "Stop it first, or name another directory with --state-dir.",
            )
        )


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        # A byte far behind the process number, because a locked byte cannot be read on Windows.
        os.lseek(handle, 4096, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
