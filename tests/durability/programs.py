"""`python -m tests.durability.programs agent|collector …`: the programs as shipped, with one more
instrument, a schedule of their own, and a diary.

An agent writes a reading down as kept in the thread that committed it, right after the commit. That
thread also seals and delivers. So a killed agent's spool still holds every reading that it had
committed without writing it down, and what it recorded is known exactly.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import probes.instruments
from probes.wire import Record
from tests.durability.diary import DIARY, KEPT, Diary

HERE = Path(__file__).parent
SCHEDULE = "TICK_SCHEDULE"
"""The environment variable that names another schedule than that of this folder."""


def add_instruments() -> None:
    """From now on the catalog of this process has the instruments of this folder too."""
    folder = str(HERE / "instruments")
    if folder not in probes.instruments.__path__:
        probes.instruments.__path__.append(folder)


def keep_diary() -> None:
    app = importlib.import_module("agent.app")
    diary = Diary(Path(os.environ[DIARY]))

    class DiarySpool(app.Spool):  # type: ignore[name-defined,misc]
        def add(self, records: Sequence[Record], *, bulk: bool) -> None:
            super().add(records, bulk=bulk)
            assert not self.trouble, self.trouble
            diary.write(KEPT, [int(r.values["tick_count"]) for r in records])

    app.Spool = DiarySpool  # type: ignore[attr-defined]


def use_schedule() -> None:
    planning = importlib.import_module("collector.planning")
    path = Path(os.environ.get(SCHEDULE, HERE / "schedule.toml"))
    load = planning.load_schedule
    planning.load_schedule = lambda catalog, _: load(catalog, path)  # type: ignore[attr-defined]


def main() -> int:
    program, *arguments = sys.argv[1:]
    add_instruments()
    if program == "agent":
        keep_diary()
    else:
        use_schedule()
    return int(importlib.import_module(f"{program}.__main__").main(arguments))


if __name__ == "__main__":
    sys.exit(main())
