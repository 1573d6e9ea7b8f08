"""Sends any number of lines, and finds the few that an engine will never take."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from collector.export.engine import EngineRun, LinesRefusedError

log = logging.getLogger(__name__)

LINES_PER_WRITE = 5000
MOST_NAMED = 10
"""Refused lines that are logged, each; all are counted."""


class Writes(Protocol):
    """What is asked of collector.export.engine.Engine."""

    def write(self, lines: bytes) -> None: ...
    def look(self) -> EngineRun: ...


class Sender:
    """`refused`: lines that the engine did not take since the start; the archive keeps them."""

    def __init__(self, engine: Writes, lines_per_write: int = LINES_PER_WRITE) -> None:
        self._engine = engine
        self._each = lines_per_write
        self.refused = 0

    def send(self, lines: Sequence[str]) -> None:
        """Returns once all are acknowledged or refused. Raises UnavailableError."""
        for start in range(0, len(lines), self._each):
            self._send(lines[start : start + self._each])

    def _send(self, lines: Sequence[str]) -> None:
        """An engine that refuses one line may refuse all of a write: halve it until it is found."""
        try:
            self._engine.write("\n".join(lines).encode())
        except LinesRefusedError as exc:
            if exc.dropped is None and len(lines) > 1:
                middle = len(lines) // 2
                self._send(lines[:middle])
                self._send(lines[middle:])
                return
            self._leave_out(exc.dropped or 1, lines[0], exc)

    def _leave_out(self, dropped: int, first: str, exc: LinesRefusedError) -> None:
        if self.refused < MOST_NAMED:
            log.error("%d lines refused, from %r on: %s", dropped, first, exc.text.en)
        self.refused += dropped
