"""What goes wrong in memory costs nothing: the journal is what is sealed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collector.app import milliseconds
from collector.store.commit import NotCommittedError
from collector.store.storehouse import Storehouse
from probes.wire import digest, pack
from tests.collector.store.stock import arrival, stock
from tests.collector.store.vocabulary import CATALOG
from tests.durability.contents import stored
from tests.durability.intake import Intake
from tests.durability.sample import answered, readings
from tests.durability.test_model import sealed

NOTHING = pack([], {})


def test_window_that_lost_a_row_is_made_again_from_the_journal(tmp_path: Path) -> None:
    house = Storehouse(tmp_path, CATALOG, milliseconds)
    stock(house, readings(0))
    rows = stored(tmp_path)
    (window,) = house.hot.windows
    house._db.execute(f"DELETE FROM {window.table('echo')} WHERE rtt_seconds = 3")
    assert answered(house) == rows.total() - 1

    house.seal()
    assert answered(house) == rows.total()
    house.close()
    assert stored(tmp_path) == rows


def test_journal_with_an_empty_batch_can_be_sealed_after_a_start(tmp_path: Path) -> None:
    """Earlier versions took such batches."""
    house = Storehouse(tmp_path, CATALOG, milliseconds)
    stock(house, readings(0))
    rows = stored(tmp_path)
    unreadable(house)
    house.close()

    house = Storehouse(tmp_path, CATALOG, milliseconds)
    house.seal()
    assert house.journal.count() == 0
    house.close()
    assert stored(tmp_path) == rows


def test_batch_that_is_set_aside_keeps_its_number(tmp_path: Path) -> None:
    house = Storehouse(tmp_path, CATALOG, milliseconds)
    unreadable(house)
    house.close()
    for first in (0, 100):
        house = Storehouse(tmp_path, CATALOG, milliseconds)
        assert house.journal.unreadable() == 1
        stock(house, readings(first))
        house.close()
    assert stored(tmp_path).total() == 2 * len(readings(0))


def unreadable(house: Storehouse) -> None:
    """A batch in the journal that no version can read."""
    house.journal.commit([arrival(readings(0)[:1], body=NOTHING, sha256=digest(NOTHING))])


async def test_push_after_the_last_commit_is_refused_at_once(tmp_path: Path) -> None:
    async with Intake(tmp_path) as intake:
        pass
    with pytest.raises(NotCommittedError):
        async with asyncio.timeout(5):
            await intake.push("a1", [sealed(1, NOTHING)])
