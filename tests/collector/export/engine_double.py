"""An engine in memory that can be killed, closed or choosy, as real ones are."""

from __future__ import annotations

from collections import Counter

from collector.export.engine import EngineRun, LinesRefusedError, UnavailableError
from probes.text import Text

_WORDS = Text("测试", "test")


class EngineDouble:
    """`safe` lines survive `crash`; lines become safe with `flush`.

    `told` counts every line of every write that was acknowledged.
    """

    def __init__(self) -> None:
        self.safe: set[str] = set()
        self.loose: set[str] = set()
        self.told: Counter[str] = Counter()
        self.away = False
        self.refuses = ""
        """It takes no write that has this in it."""
        self.drops_all = False
        self.retry_after: float | None = None
        self.fails_after: int | None = None
        """So many more writes, and it is away."""
        self.writes = 0
        self._run = 1
        self.dropped = 0

    @property
    def lines(self) -> set[str]:
        return self.safe | self.loose

    def write(self, lines: bytes) -> None:
        self.writes += 1
        if self.fails_after is not None:
            self.away = self.away or self.fails_after == 0
            self.fails_after -= 1
        if self.away:
            raise UnavailableError(_WORDS, self.retry_after)
        listed = lines.decode().split("\n")
        if self.drops_all:
            raise LinesRefusedError(_WORDS, len(listed))
        if self.refuses and any(self.refuses in line for line in listed):
            raise LinesRefusedError(_WORDS)
        self.loose |= set(listed)
        self.told.update(listed)

    def look(self) -> EngineRun:
        if self.away:
            raise UnavailableError(_WORDS, self.retry_after)
        return EngineRun(f"run {self._run}", self.dropped)

    def flush(self) -> None:
        self.safe |= self.loose
        self.loose = set()

    def crash(self) -> None:
        """It starts anew, without what was not yet safe."""
        self.loose = set()
        self._run += 1
