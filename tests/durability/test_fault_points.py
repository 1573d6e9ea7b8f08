"""A process is killed between every two steps of sealing and of merging: each reading is there
exactly once, and the work that was cut off can be done again."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.app import milliseconds
from collector.store.archive import Archive
from collector.store.merger import Merger
from collector.store.sealer import Sealer
from collector.store.storehouse import Storehouse
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG
from tests.durability.children import WORK, child, die_after
from tests.durability.contents import Row, file_kinds, stored, strangers
from tests.durability.sample import answered, readings

DECLARED = {
    "seal": {*Sealer.STEPS, *Archive.STEPS} - {"removed"},
    "merge": {*Merger.STEPS, *Archive.STEPS},
}


@dataclass(frozen=True, slots=True)
class Original:
    data_dir: Path
    rows: Counter[Row]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """A store with two sealed generations, and one that is still in its journal."""
    data_dir = tmp_path_factory.mktemp("original") / "data"
    house = Storehouse(data_dir, CATALOG, milliseconds)
    for generation in range(2):
        stock(house, readings(100 * generation))
        house.seal()
    stock(house, readings(200), each=2)
    house.close()
    return Original(data_dir, stored(data_dir))


def steps_of(work: str, original: Original, folder: Path) -> list[str]:
    """What is reported when nobody interferes."""
    shutil.copytree(original.data_dir, folder)
    seen: list[str] = []
    house = Storehouse(folder, CATALOG, milliseconds, step=seen.append)
    WORK[work](house)
    house.close()
    return seen


def first_and_last(steps: list[str]) -> list[tuple[int, str]]:
    """(number, name) of each step as it is first and as it is last done; counted from one."""
    first = {name: steps.index(name) for name in steps}
    last = {name: number for number, name in enumerate(steps)}
    return [(n + 1, steps[n]) for n in sorted({*first.values(), *last.values()})]


@pytest.mark.parametrize("work", sorted(WORK))
def test_killed_after_each_step_nothing_is_lost_or_doubled(
    work: str, original: Original, tmp_path: Path
) -> None:
    steps = steps_of(work, original, tmp_path / "whole")
    assert set(steps) == DECLARED[work]
    for number, step in first_and_last(steps):
        data_dir = tmp_path / str(number)
        shutil.copytree(original.data_dir, data_dir)
        process = child(die_after, str(data_dir), work, number)
        process.join()
        where = f"killed in {work} after step {number}, {step}"
        assert process.exitcode == -signal.SIGKILL, where
        assert stored(data_dir) == original.rows, where
        again(work, data_dir, original.rows, where)


def again(work: str, data_dir: Path, rows: Counter[Row], where: str) -> None:
    """The next start answers the same, and does what was cut off."""
    house = Storehouse(data_dir, CATALOG, milliseconds)
    try:
        assert answered(house) == rows.total(), where
        WORK[work](house)
        assert answered(house) == rows.total(), where
        assert work != "seal" or house.journal.count() == 0, where
    finally:
        house.close()
    assert stored(data_dir) == rows, where
    assert strangers(data_dir) == [], where
    assert work == "seal" or file_kinds(data_dir) == {"day", "hour"}, where
