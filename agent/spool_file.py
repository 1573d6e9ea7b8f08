"""The spool's database file: opened, found damaged and set aside, opened again.

It knows files and faults, not readings: what a new file starts with, the spool says.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from agent.disk_fault import DiskFault, disk_fault_or_none
from agent.sealing import Sealed
from agent.shelf import Shelf

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_ASIDE = 2
_SUFFIXES = ("", "-wal", "-shm")

Begin = Callable[[Shelf, Sequence[Sealed]], None]
"""Fills the new file that takes the place of a damaged one, with the batches that were saved."""


class SpoolFile:
    """A shelf on disk that is there as often as the disk allows.

    Attributes:
        trouble: why readings cannot be written now; empty when they can.
    """

    def __init__(self, path: Path, *, wall: Callable[[], int], begin: Begin) -> None:
        self.path = path
        self._wall = wall
        self._begin = begin
        self._shelf: Shelf | None = None
        self.trouble = ""
        self.reopen()

    def close(self) -> None:
        if self._shelf is not None:
            with suppress(sqlite3.DatabaseError):
                self._shelf.close()
        self._shelf = None

    @property
    def is_open(self) -> bool:
        return self._shelf is not None

    def reopen(self) -> None:
        """Open the file unless it is open."""
        if self._shelf is not None:
            return
        try:
            self._shelf = Shelf(self.path)
        except sqlite3.DatabaseError as exc:
            self._after_fault(exc)

    def use(self, action: Callable[[Shelf], T], otherwise: T) -> T:
        """What `action` returns, or `otherwise` if the disk cannot do it now.

        After damage it is done on the new file.
        """
        for _ in range(2):
            if self._shelf is None:
                break
            try:
                return action(self._shelf)
            except sqlite3.DatabaseError as exc:
                if not self._after_fault(exc):
                    break
        return otherwise

    def written(self) -> None:
        """Readings have reached the disk, so it works."""
        if self.trouble:
            log.info("spool uses its disk again")
        self.trouble = ""

    def replace(self, why: str) -> Path:
        """Set the file aside as `FILE.why-TIME` and start a new one. Raises OSError or
        sqlite3.DatabaseError."""
        self.close()
        aside = self.path.with_name(f"{self.path.name}.{why}-{self._wall()}")
        for suffix in _SUFFIXES:
            with suppress(FileNotFoundError):
                _with_suffix(self.path, suffix).replace(_with_suffix(aside, suffix))
        _forget_oldest(self.path, why)
        return aside

    def _after_fault(self, error: sqlite3.DatabaseError) -> bool:
        """Whether a new file has taken the place of a damaged one, so that it can be used."""
        fault = disk_fault_or_none(error)
        if fault is None:
            raise error
        if not self.trouble:
            log.error("spool cannot use its disk; bridging in memory why=%s", error)
        self.trouble = str(error)
        if fault is DiskFault.UNWRITABLE and self._shelf is not None:
            return False
        self.close()
        return fault is DiskFault.CORRUPT and self._start_over()

    def _start_over(self) -> bool:
        try:
            aside = self.replace("corrupt")
            saved = _salvaged(aside)
            log.error("damaged spool set aside path=%s batches_saved=%d", aside, len(saved))
            shelf = Shelf(self.path)
            self._begin(shelf, saved)
        except (OSError, sqlite3.DatabaseError) as exc:
            self.trouble = str(exc)
            return False
        self._shelf = shelf
        return True


def _with_suffix(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _forget_oldest(path: Path, why: str) -> None:
    aside = [p for p in path.parent.glob(f"{path.name}.{why}-*") if p.name[-1].isdigit()]
    for old in sorted(aside)[:-MAX_ASIDE]:
        for suffix in _SUFFIXES:
            _with_suffix(old, suffix).unlink(missing_ok=True)


def _salvaged(path: Path) -> list[Sealed]:
    """The whole batches that a damaged database still yields."""
    try:
        shelf = Shelf(path, as_it_is=True)
    except sqlite3.DatabaseError:
        return []
    try:
        return shelf.readable()
    finally:
        shelf.close()
