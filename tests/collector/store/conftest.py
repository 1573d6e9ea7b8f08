from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from collector.store import Store
from collector.store.memory import MemoryStore, StoredReading
from collector.store.storehouse import Storehouse
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

Fill = Callable[[Sequence[StoredReading]], Store]

NOW = 1_763_000_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Storehouse]:
    opened = Storehouse(tmp_path / "data", CATALOG, lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "hot", "sealed", "merged", "rolled up", "half sealed"])
def fill(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fill]:
    """Makes a store that holds the given readings; the embedded one in each state of its life."""
    houses: list[Storehouse] = []

    def make(readings: Sequence[StoredReading]) -> Store:
        if request.param == "memory":
            return MemoryStore(CATALOG, readings)
        house = Storehouse(tmp_path / "data", CATALOG, lambda: NOW)
        houses.append(house)
        _keep(house, readings, request.param)
        return house.store

    yield make
    for house in houses:
        house.close()


def _keep(house: Storehouse, readings: Sequence[StoredReading], state: str) -> None:
    half = len(readings) // 2 if state == "half sealed" else len(readings)
    stock(house, readings[:half])
    if state != "hot":
        house.seal()
    if state == "rolled up":
        house.store.set_periods([])  # without a timetable, nothing is
    if state in ("merged", "rolled up"):
        house.merge(_long_after(readings), retention_days=10_000)
    stock(house, readings[half:])


def _long_after(readings: Sequence[StoredReading]):  # type: ignore[no-untyped-def]
    return max(r.at for r in readings).date().replace(year=2030)
