"""What the agent's tests share: a clock, spools on a temporary disk, and records."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.spool import Spool
from config.agent_settings import SpoolSettings
from probes import wire
from tests.fakes.clock import FakeClock

MakeSpool = Callable[..., Spool]


def record(n: int, clock: FakeClock | None = None, **changes: Any) -> wire.Record:
    """A reading that can be told from every other by its value."""
    at = clock.wall() if clock else 1_760_000_000_000 + n
    given: dict[str, Any] = {"probe": "tick", "at": at, "up": n, "values": {"tick_count": float(n)}}
    return wire.Record(**{**given, **changes})


def numbers(batches: list[Any]) -> list[int]:
    """The values of the readings in batches, in order."""
    return [
        int(r.values["tick_count"])
        for batch in batches
        for r in wire.records(wire.unpack(batch.body))
    ]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_spool(tmp_path: Path, clock: FakeClock) -> Iterator[MakeSpool]:
    """Spools on `tmp_path`; each one is a new process with a session of its own."""
    made: list[Spool] = []
    ids = (f"gap{n}" for n in itertools.count())
    sessions = (f"session-{n}" for n in itertools.count())

    def make(**changes: Any) -> Spool:
        given: dict[str, Any] = {
            "directory": tmp_path,
            "agent": "agent1",
            "session": next(sessions),
            "boot": "boot-a",
            "pack": partial(wire.pack, resolutions={}),
            "wall": clock.wall,
            "up": clock.up,
            "free_bytes": lambda: 10**12,
            "new_id": lambda: next(ids),
            "limits": SpoolSettings(),
        }
        spool = Spool(**{**given, **changes})
        made.append(spool)
        return spool

    yield make
    for spool in made:
        spool.close()
