"""Replaces a small file as a whole: after a crash a reader finds the old content or the new one."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

TRIES = 20 if sys.platform == "win32" else 1
PAUSE = 0.05
"""Seconds. On Windows a file that is being read, as by a virus scanner, cannot be replaced."""


def replace_file(path: Path, content: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Write `content` beside `path`, then rename. With `durable`, it also survives a power cut.

    Raises OSError; `path` is then untouched.
    """
    beside = path.with_name(f"{path.name}.tmp{os.getpid()}")
    try:
        # O_EXCL and O_NOFOLLOW: a link planted under the temporary name is not followed.
        with suppress(FileNotFoundError):
            beside.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(beside, flags, mode), "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        _replace(beside, path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
    if durable:
        sync_directory(path.parent)


def _replace(source: Path, target: Path) -> None:
    for _ in range(TRIES - 1):
        with suppress(PermissionError):
            os.replace(source, target)
            return
        time.sleep(PAUSE)
    os.replace(source, target)


def sync_directory(path: Path) -> None:
    """Make renames in `path` durable. Windows has no such call, and no such promise."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
