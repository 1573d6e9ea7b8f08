"""What lies in the archive, as any other tool would find it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from collector.store import MetricRef, Statistic
from collector.store.memory import StoredReading
from collector.store.merger import MergeError
from collector.store.storehouse import Storehouse
from probes.catalog import Catalog
from probes.model import Unit
from tests.collector.store.conftest import NOW
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG, Echo, Rate, metric

T0 = datetime(2025, 11, 10, tzinfo=UTC)
DAY = timedelta(days=1)
TTL = metric("time_to_live_count", Unit.COUNT)


def echo(minutes: int, school: str, agent: str, **values: float) -> StoredReading:
    return StoredReading(
        probe="echo", at=T0 + timedelta(minutes=minutes), school=school, agent=agent,
        values=values or {"loss_ratio": 0.125},
    )  # fmt: skip


def test_merged_day_lies_series_by_series_in_the_order_of_time(
    house: Storehouse, tmp_path: Path
) -> None:
    stock(house, [echo(m, f"s{m % 2}", f"a{m % 3}") for m in (7, 3, 5, 1, 2, 0, 9)])
    house.seal()
    house.merge(date(2026, 1, 1), retention_days=10_000)
    (path,) = tmp_path.glob("data/archive/echo/*.parquet")
    rows = duckdb.execute(f"SELECT school, agent, \"at\" FROM read_parquet('{path}')").fetchall()
    assert len(rows) == 7
    assert rows == sorted(rows)


def test_metric_that_a_probe_learned_later_is_absent_from_older_files(tmp_path: Path) -> None:
    house = Storehouse(tmp_path / "data", CATALOG, lambda: NOW)
    house.store.set_periods([])
    stock(house, [echo(0, "s1", "a1")])
    house.seal()
    house.merge(date(2026, 1, 1), retention_days=10_000)
    house.close()

    later = type("Echo", (Echo,), {"measures": (*Echo.measures, TTL)})
    house = Storehouse(tmp_path / "data", Catalog([later, Rate]), lambda: NOW)

    def answers() -> list[tuple[float, int]]:
        ttl = MetricRef("echo", TTL.name)
        found = house.store.summarise(ttl, Statistic("mean"), ["agent"], T0, T0 + DAY, {})
        return [(summary.value, summary.n) for summary in found.values()]

    try:
        assert answers() == []
        stock(house, [echo(1, "s1", "a1", time_to_live_count=64.0)])
        assert answers() == [(64.0, 1)]
    finally:
        house.close()


def test_instants_stay_in_milliseconds_when_files_are_merged(
    house: Storehouse, tmp_path: Path
) -> None:
    stock(house, [echo(0, "s1", "a1")])
    house.seal()
    house.merge(date(2026, 1, 1), retention_days=10_000)
    (path,) = tmp_path.glob("data/archive/echo/*.parquet")
    ((kind,),) = duckdb.execute(
        f"SELECT logical_type FROM parquet_schema('{path}') WHERE name = 'at'"
    ).fetchall()
    assert "MILLIS" in kind


def test_metric_that_the_catalog_lost_is_kept_by_the_merge(tmp_path: Path) -> None:
    richer = type("Echo", (Echo,), {"measures": (*Echo.measures, TTL), "__module__": __name__})
    house = Storehouse(tmp_path, Catalog([richer, Rate]), lambda: NOW)
    stock(house, [echo(1, "s1", "a1", loss_ratio=0.5, time_to_live_count=64)])
    house.seal()
    house.close()
    poorer = Storehouse(tmp_path, CATALOG, lambda: NOW)
    stock(poorer, [echo(2, "s1", "a1", loss_ratio=0.25)])
    poorer.seal()
    poorer.merge(date(2026, 1, 1), retention_days=10_000)
    poorer.close()
    (path,) = tmp_path.glob("archive/echo/*.parquet")
    found = duckdb.execute(
        f"SELECT time_to_live_count FROM read_parquet('{path}') ORDER BY \"at\""
    ).fetchall()
    assert found == [(64.0,), (None,)]


def test_clock_that_leaps_ahead_deletes_nothing(house: Storehouse) -> None:
    stock(house, [echo(1, "s1", "a1")])
    (file,) = house.seal()
    house.merge(date(2030, 1, 1), retention_days=190)
    assert [f.rows for f in house.journal.files() if f.kind != "hour"] == [file.rows]


def test_rows_without_a_partner_stop_the_sealing_and_stay_in_the_journal(
    house: Storehouse,
) -> None:
    stock(house, [echo(1, "s1", "a1"), echo(2, "s1", "a1")])
    house._db.execute('DELETE FROM "series_echo"')
    with pytest.raises(RuntimeError, match="0 rows were written of 2"):
        house.seal()
    assert house.journal.count() == 1
    assert house.journal.files() == []


def test_damaged_file_keeps_no_other_day_from_being_merged(
    house: Storehouse, tmp_path: Path
) -> None:
    stock(house, [echo(1, "s1", "a1")])
    (damaged,) = house.seal()
    stock(house, [echo(24 * 60, "s1", "a1")])
    house.seal()
    house.archive.path(damaged).write_bytes(b"not parquet")
    with pytest.raises(MergeError, match="echo 2025-11-10"):
        house.merge(date(2026, 1, 1), retention_days=10_000)
    assert {f.kind for f in house.journal.files() if f.day == "2025-11-11"} >= {"day"}
