"""Reads, compresses and compares what lines a file holds.

A sealed file is gzip, so that zless and any other tool opens it; its hash is that of the lines.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.logs.seal import Content
from config.durable import sync_directory

_STAMP = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ", re.M)
_MAGIC = b"\x1f\x8b"
_BLOCK = 1 << 20
_LEVEL = 6


class _Tally:
    """Adds up blocks of whole lines."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._bytes = self._lines = 0
        self._first = self._last = b""

    def add(self, lines: list[bytes]) -> bytes:
        block = b"".join(lines)
        self._hash.update(block)
        self._bytes += len(block)
        self._lines += len(lines)
        # All are of one clock, so they sort as they are.
        if stamps := _STAMP.findall(block):
            self._first = min(self._first or stamps[0], *stamps)
            self._last = max(self._last, *stamps)
        return block

    def content(self) -> Content:
        first, last = self._first.decode("ascii"), self._last.decode("ascii")
        return Content(self._bytes, self._lines, first, last, self._hash.hexdigest())


def compress(source: Path, target: Path) -> Content:
    """Write `source` to `target` as gzip, durably: `target` is whole or not there.

    Raises OSError. What was at `target` before is replaced.
    """
    beside = target.with_name(f"{target.name}.tmp")
    beside.unlink(missing_ok=True)
    tally = _Tally()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(source, "rb") as file, open(os.open(beside, flags, 0o600), "wb") as raw:
        with gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
            while lines := file.readlines(_BLOCK):
                packed.write(tally.add(lines))
        raw.flush()
        os.fsync(raw.fileno())
    beside.replace(target)
    sync_directory(target.parent)
    return tally.content()


class NotSealedError(Exception):
    """No file of ours: not gzip, or no file at all."""


class BrokenError(Exception):
    """It began as one of ours and does not go on as one."""


class EndsEarlyError(BrokenError):
    """It is one of ours without its end."""


def read_again(path: Path, most: int) -> tuple[int, str]:
    """Bytes and SHA-256 of a sealed file's lines; of more than `most` bytes only the number counts.

    Raises FileNotFoundError, NotSealedError, BrokenError, and OSError.
    """
    found = hashlib.sha256()
    size = 0
    with _opened(path) as packed:
        while size <= most and (block := packed.read(_BLOCK)):
            found.update(block)
            size += len(block)
    return size, found.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[gzip.GzipFile]:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise NotSealedError
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as raw:
        if not _MAGIC.startswith(raw.read(len(_MAGIC))):
            raise NotSealedError
        raw.seek(0)
        try:
            with gzip.GzipFile(fileobj=raw, mode="rb") as packed:
                yield packed
        except EOFError as exc:
            raise EndsEarlyError from exc
        except (gzip.BadGzipFile, zlib.error) as exc:
            raise BrokenError from exc
