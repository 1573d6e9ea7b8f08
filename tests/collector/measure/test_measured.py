from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from collector.measure.measured import measured
from collector.register.model import School
from collector.store.memory import MemoryStore, StoredReading
from probes.catalog import AnyProbe, Catalog
from probes.model import Better, Metric, NoSettings, Probe, Role, Unit
from probes.text import Text

SPENT = Metric(
    name="spent_bytes", unit=Unit.BYTES, better=Better.LOWER, title=Text("用量", "spent"),
    meaning=Text("用量", "spent"), resolution=1, minimum=0,
)  # fmt: skip


class Capacity(Probe[NoSettings]):
    """As much of it as counts here."""

    name = "capacity"
    title = Text("容量", "capacity")
    measures = (SPENT,)
    roles = frozenset({Role.GATEWAY})


CATALOG = Catalog([cast(AnyProbe, Capacity)])
NOW = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)
"""Already December in Shanghai, still November in London."""
A = School(code="9934000001", name="示例", adcode="340199")
B = replace(A, code="9934000002", time_zone="Europe/London")


def spent(school: School, size: float, ago: timedelta) -> StoredReading:
    return StoredReading(
        probe="capacity", at=NOW - ago, school=school.code, agent="gw", target="line",
        values={"spent_bytes": size},
    )  # fmt: skip


def test_readings_of_each_schools_own_month_are_added_up() -> None:
    hour = timedelta(hours=1)
    readings = [spent(each, n, n * hour) for each in (A, B) for n in (1, 3)]
    found = measured(MemoryStore(CATALOG, readings), CATALOG, [A, B], NOW)
    assert found == {(A.code, "2026-12"): 1, (B.code, "2026-11"): 4}


def test_version_without_the_probe_knows_of_none() -> None:
    nothing = Catalog([])
    assert measured(MemoryStore(nothing, []), nothing, [A], NOW) == {}
