"""Which devices keep silent, and when each is to be asked again."""

from __future__ import annotations

from dataclasses import dataclass, field

WAITS = (0.0, 90.0, 150.0, 290.0)
"""Seconds after the first, second, ... run without an answer; after more of them the last. With a
run each minute: the next one, every second, every third, every fifth."""


@dataclass(slots=True)
class _Silent:
    runs: int
    since: float
    """When it was asked last."""


@dataclass(slots=True)
class Silence:
    """Kept by a probe from run to run; a new instance asks everybody."""

    _silent: dict[str, _Silent] = field(default_factory=dict)

    def is_over(self, name: str, now: float) -> bool:
        """Whether to ask this device now."""
        silent = self._silent.get(name)
        if silent is None:
            return True
        return now - silent.since >= WAITS[min(silent.runs, len(WAITS)) - 1]

    def runs(self, name: str) -> int:
        """How many times in a row it did not answer."""
        silent = self._silent.get(name)
        return silent.runs if silent else 0

    def asked(self, name: str, answered: bool, now: float) -> None:
        if answered:
            self._silent.pop(name, None)
        else:
            self._silent[name] = _Silent(self.runs(name) + 1, now)
