"""One collector per data directory: a second one would commit to the same journal."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from config.file_lock import lock
from probes.text import BanjunError, Text


class InUseError(BanjunError):
    """Another collector runs on this data directory."""


class SiteLock:
    """Held for the length of a `with` block; the system frees it if the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock(self._descriptor)
        except OSError as exc:
            os.close(self._descriptor)
            where = self._path.parent
            raise InUseError(
                Text(
                    f"数据目录 {where} 已有采集器在运行；请先停止它，或用 --data-dir 另选目录。",
                    f"A collector already runs on {where}; stop it, or choose another --data-dir.",
                )
            ) from exc

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
