"""An instrument whose every reading can be told from every other: what durability tests count.

It writes down each number before it returns it. The file is named by the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.durability.diary import DIARY, TAKEN, Diary
from tests.fakes.tick import Ticking


class TickProbe(Ticking):
    aimed = True

    def write(self, number: int) -> None:
        Diary(Path(os.environ[DIARY])).write(TAKEN, [number])
