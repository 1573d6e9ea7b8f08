"""No full garbage collection in the midst of a test.

All tests and what they import are half a million objects. To go through them takes 0.3 to 2 s on a
busy machine, in which nothing of this process runs: longer than the time-outs that tests try.
"""

from __future__ import annotations

import gc

import pytest

YOUNG, MIDDLE, NEVER = 700, 10, 1_000_000
MUCH = 50
"""Collections of the middle generation."""


def pytest_sessionstart() -> None:
    _never_full()


def pytest_collection_finish() -> None:
    """What is there by now stays; nothing goes through it again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Between files, whose fixtures are gone by now, when much has come since the last time."""
    _never_full()  # programs under test set thresholds of their own
    if (nextitem is None or nextitem.path != item.path) and gc.get_count()[2] > MUCH:
        gc.collect()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # or modules written in C say at the end that theirs was never freed


def _never_full() -> None:
    gc.set_threshold(YOUNG, MIDDLE, NEVER)
