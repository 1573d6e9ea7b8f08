"""An instrument whose every reading can be told from every other: what durability tests count.

It writes down each number before it returns it. The file is named by the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from probes.model import Better, Metric, NoSettings, Probe, Reading, Role, Target, Unit
from probes.text import Text
from tests.durability.diary import DIARY, TAKEN, Diary

WORDS = Text("滴答", "tick")
TICK = Metric(
    name="tick_count",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=WORDS,
    meaning=WORDS,
    resolution=1,
)


class TickProbe(Probe[NoSettings]):
    """Returns a number that no other run returns."""

    name = "tick"
    title = WORDS
    measures = (TICK,)
    roles = frozenset({Role.PC})
    aimed = True

    async def measure(self, target: Target) -> Reading:
        number = int.from_bytes(os.urandom(6), "big")
        Diary(Path(os.environ[DIARY])).write(TAKEN, [number])
        return Reading.ok({TICK: number})
