"""What readings of `capacity` say was spent of the running month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from collector.measure.budget import Month, month_at
from collector.register.model import School
from collector.store import MetricRef, Statistic, Store
from probes.catalog import Catalog

SPENT = MetricRef("capacity", "spent_bytes")


def measured(
    store: Store, catalog: Catalog, schools: Iterable[School], now: datetime
) -> Mapping[Month, int]:
    """Bytes by school; nothing while there is no such probe. Blocks."""
    if SPENT.probe not in catalog:
        return {}
    zones: dict[str, list[str]] = defaultdict(list)
    for school in schools:
        zones[school.time_zone].append(school.code)
    found: dict[Month, int] = {}
    for zone, codes in zones.items():
        month, since = month_at(now, zone)
        sums = store.summarise(SPENT, Statistic("sum"), ("school",), since, now, {"school": codes})
        found |= {(school, month): int(spent.value) for (school,), spent in sums.items()}
    return found
