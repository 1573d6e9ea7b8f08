"""What a store still knows after a restart: the newest values, and how the newest runs ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.store import MetricRef
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from probes.model import Outcome
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

LOSS = MetricRef("echo", "loss_ratio")


def test_restart_forgets_neither_values_nor_that_the_newest_run_learned_nothing(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    good, failed = now - timedelta(hours=3), now - timedelta(hours=2)

    def opened() -> Storehouse:
        return Storehouse(tmp_path / "data", CATALOG, lambda: round(now.timestamp() * 1000))

    def told(at: datetime, reason: str = "", agent: str = "a1") -> StoredReading:
        outcome = Outcome.NOT_RUN if reason else Outcome.OK
        values = {} if reason else {"loss_ratio": 0.25}
        return StoredReading(
            probe="echo", at=at, school="s1", agent=agent, values=values, outcome=outcome,
            reason=reason,
        )  # fmt: skip

    house = opened()
    stock(house, [told(good), told(failed, "no_privilege"), told(good, agent="a2")])
    house.seal()
    before = house.store.last_runs("echo")
    house.close()
    house = opened()
    try:
        assert house.store.latest(LOSS, ["agent"], {})["a1",].value == 0.25
        after = {run.agent: run for run in house.store.last_runs("echo")}
        assert after == {run.agent: run for run in before}
        assert (after["a1"].outcome, after["a1"].reason) == (Outcome.NOT_RUN, "no_privilege")
        assert after["a2"].outcome is Outcome.OK
    finally:
        house.close()
