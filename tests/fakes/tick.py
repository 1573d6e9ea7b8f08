"""A probe whose every reading can be told from every other: what kill tests count."""

from __future__ import annotations

import os

from probes.model import Better, Metric, NoSettings, Probe, Reading, Role, Target, Unit
from probes.text import Text

WORDS = Text("滴答", "tick")
TICK = Metric(
    name="tick_count",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=WORDS,
    meaning=WORDS,
    resolution=1,
)


class Ticking(Probe[NoSettings]):
    """Returns a number that no other run returns; `write` keeps it before that."""

    name = "tick"
    title = WORDS
    measures = (TICK,)
    roles = frozenset({Role.PC})

    def write(self, number: int) -> None:
        raise NotImplementedError

    async def measure(self, target: Target) -> Reading:
        number = int.from_bytes(os.urandom(6), "big")
        self.write(number)
        return Reading.ok({TICK: number})
