"""Sealing: what the receiver wrote on a past day becomes a compressed file and a row of the chain.

    incoming/SOURCE/DAY.log -> closing/SOURCE/DAY.PART.log -> sealed/SOURCE/DAY.log.gz -> the row;
    only then the file in closing/ is removed.

A crash anywhere is a redo. The part's number is in the name from the first step on, so that what
was sealed already is known as that, and not sealed a second time as late lines.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from collector.logs.book import LogBook
from collector.logs.content import compress
from collector.logs.folder import LogFolder, is_being_written, tell_receiver
from collector.logs.seal import Kind, Part, Seal, instant_or_none
from config.durable import sync_directory
from config.log_file import LogPolicy

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
Step = Callable[[str], None]
"""Told what was just completed."""


class Sealing:
    """One caller at a time, as the collector is one process per data directory.

    Args:
        patience: seconds that the receiver gets to close its files.
        step: is told what was just completed, by the names in STEPS.
    """

    STEPS = ("taken", "compressed", "chained", "removed")

    def __init__(
        self,
        book: LogBook,
        folder: LogFolder,
        policy: LogPolicy,
        *,
        patience: float = 5.0,
        step: Step = lambda _: None,
    ) -> None:
        self._book = book
        self._folder = folder
        self._policy = policy
        self._patience = patience
        self._step = step

    def seal(self, now: datetime) -> list[Seal]:
        """Seal every day that is over, and lines that came late; returns the new rows.

        A file that is still being written to, or cannot be read, is left for another time.
        """
        self._take(now)
        waiting = list(self._folder.taken())
        if not waiting:
            return []
        tell_receiver(self._folder.pid)
        done = self._book.sealed_parts()
        until = time.monotonic() + self._patience
        made = []
        for part, path in waiting:
            try:
                if part in done:
                    self._remove(path)
                elif _is_closed(path, until):
                    made.append(self._seal(part, path))
                else:
                    log.warning("%s is still written to; it is sealed another time", path)
            except OSError:  # one bad file, or a full disk: nobody else waits for it
                log.exception("%s is not sealed; it is tried again", path)
        return made

    def _take(self, now: datetime) -> None:
        """Days that are over, unless an earlier file of theirs still waits: one part at a time."""
        over = self._policy.today(now - self._policy.seal_after)
        waiting = {(part.source, part.day) for part, _ in self._folder.taken()}
        for file in self._folder.arrived():
            if file.day < over and (file.source, file.day) not in waiting:
                self._folder.take(file, self._book.next_part(file.source, file.day))
                self._step("taken")

    def _seal(self, part: Part, path: Path) -> Seal:
        target = self._folder.sealed(part)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        content = compress(path, target)
        sync_directory(target.parent.parent)
        self._step("compressed")
        seal = self._book.seal(part, content, target.stat().st_size)
        self._step("chained")
        self._remove(path)
        log.info("sealed %d lines of %s, %s", content.lines, part.source, part.day)
        if not self._is_of_day(content.first_at, part.day):
            log.warning(
                "%s: its first line is of %s; is TZ=%s set where the receiver is started?",
                *(part.path, content.first_at, self._policy.zone),
            )
        return seal

    def _is_of_day(self, first_at: str, day: date) -> bool:
        at = instant_or_none(first_at)
        return at is None or self._policy.today(at) == day

    def _remove(self, path: Path) -> None:
        path.unlink()
        sync_directory(path.parent)
        self._step("removed")


def expire(book: LogBook, folder: LogFolder, policy: LogPolicy, now: datetime) -> list[Seal]:
    """Delete what is older than policy keeps; returns the rows that say so.

    The row comes first, so that a crash leaves a file to be deleted, never an unexplained gap.
    """
    seals = book.seals()
    deleted = {seal.part for seal in seals if seal.kind is Kind.DELETED}
    kept = [seal.part for seal in seals if seal.part not in deleted]
    made = []
    if kept:
        # A clock that leaps ahead must not delete half a year: at most two days after the newest.
        today = min(policy.today(now), max(part.day for part in kept) + timedelta(days=2))
        oldest = today - timedelta(days=policy.keep_days)
        made = [book.delete(part) for part in kept if part.day < oldest]
    for part in deleted | {seal.part for seal in made}:
        folder.sealed(part).unlink(missing_ok=True)
    return made


def _is_closed(path: Path, until: float) -> bool:
    """The receiver was told to close its files; it takes a moment."""
    while is_being_written(path):
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
