"""Of several readings of one part in one run, the one that says why something is missing counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from probes.model import Outcome
from probes.posture import NOT_HERE
from tests.collector.judge.owed import catalog
from tests.collector.store.stock import stock


@pytest.mark.parametrize("reasons", [("", NOT_HERE), (NOT_HERE, "")])
def test_reason_of_a_part_stands_beside_its_values_whichever_came_first(
    tmp_path: Path, reasons: tuple[str, ...]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    house = Storehouse(tmp_path / "data", catalog(), lambda: round(now.timestamp() * 1000))
    readings = [
        StoredReading(
            probe="posture_locks", at=now, school="A", agent="a1",
            values={} if reason else {"locked": 1.0},
            outcome=Outcome.NOT_RUN if reason else Outcome.OK, reason=reason,
            labels={"part": "door", "job": reason, "source": "file", "privilege": "user"},
        )
        for reason in reasons
    ]  # fmt: skip
    try:
        stock(house, readings)
        (run,) = house.store.last_runs("posture_locks")
    finally:
        house.close()
    assert (run.part, run.outcome, run.reason) == ("door", Outcome.NOT_RUN, NOT_HERE)
