"""GET /metrics: the collector's own figures, as Prometheus reads them.

A new figure is a line of FAMILIES and one in docs/metrics.md. No label is ever an agent or a
school: their number has no bound, and what they measure goes elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from collector.figures import Figures
from collector.store.commit_tally import BOUNDS
from collector.web.access import Access

METRICS_PATH = "/metrics"
Value = float | None
"""None for what is not known: then there is no sample."""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name. With a `label`, `read` gives a value for each of the label's values.

    `name` is without the `_total` that counters get.
    """

    kind: Literal["counter", "gauge"]
    name: str
    help: str
    read: Callable[[Figures], Value | Mapping[str, int]]
    label: str = ""

    def metric(self, figures: Figures) -> Metric:
        made = _KINDS[self.kind](self.name, self.help, labels=(self.label,) if self.label else ())
        value = self.read(figures)
        if isinstance(value, Mapping):
            for name, number in value.items():
                made.add_metric([name], number)
        elif value is not None:
            made.add_metric([], value)
        return made


_Made = CounterMetricFamily | GaugeMetricFamily
_KINDS: Mapping[str, type[_Made]] = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}

FAMILIES = (
    Family(
        "counter", "banjun_pushes_accepted", "Pushes that were answered with acknowledgements.",
        lambda f: f.pushes_accepted,
    ),
    Family(
        "counter", "banjun_pushes_refused", "Pushes that were refused, by reason.",
        lambda f: f.pushes_refused, "reason",
    ),
    Family(
        "gauge", "banjun_pushes_waiting", "Pushes that wait for the next commit.",
        lambda f: f.pushes_waiting,
    ),
    Family(
        "counter", "banjun_batches", "Batches of readings, by how they were acknowledged.",
        lambda f: f.batches, "result",
    ),
    Family(
        "counter", "banjun_readings_stored", "Readings that were committed to the journal.",
        lambda f: f.readings_stored,
    ),
    Family(
        "counter", "banjun_readings_lost",
        "Readings that agents have ever reported lost; restarts do not reset it.",
        lambda f: f.readings_lost,
    ),
    Family(
        "counter", "banjun_commit_failures", "Commits of which nothing was stored, by reason.",
        lambda f: f.commits_failed, "reason",
    ),
    Family(
        "gauge", "banjun_journal_batches", "Batches in the journal that are not sealed yet.",
        lambda f: f.journal_batches,
    ),
    Family(
        "gauge", "banjun_journal_unreadable_batches",
        "Batches set aside because this version cannot read them.",
        lambda f: f.unreadable_batches,
    ),
    Family(
        "gauge", "banjun_archive_files", "Files of the archive, roll-ups included.",
        lambda f: f.archive_files,
    ),
    Family(
        "gauge", "banjun_archive_rows", "Readings in the archive.",
        lambda f: f.archive_rows,
    ),
    Family(
        "gauge", "banjun_archive_bytes", "Size of the archive, roll-ups included.",
        lambda f: f.archive_bytes,
    ),
    Family(
        "gauge", "banjun_agents_enrolled", "Agents that are enrolled and not revoked.",
        lambda f: f.agents,
    ),
    Family(
        "gauge", "banjun_agents_heard", "Agents that pushed within the last ten minutes.",
        lambda f: f.agents_heard,
    ),
    Family(
        "gauge", "banjun_judging_age_seconds",
        "Time since the last successful round of judging ended; absent before the first.",
        lambda f: f.judging_age,
    ),
    Family(
        "gauge", "banjun_judging_duration_seconds",
        "How long that round took; absent before the first.",
        lambda f: f.judging_took,
    ),
    Family(
        "counter", "banjun_judging_failures", "Rounds of judging that failed.",
        lambda f: f.judging_failures,
    ),
    Family(
        "gauge", "banjun_certificate_expiry_timestamp_seconds",
        "When the certificate of the collector's own authority ends; absent without one.",
        lambda f: f.certificate_until.timestamp() if f.certificate_until else None,
    ),
    Family(
        "counter", "banjun_reflector_packets", "Packets that came to the reflector, by result.",
        lambda f: {"answered": f.reflector_answered, "turned_away": f.reflector_turned_away},
        "result",
    ),
    Family(
        "gauge", "banjun_measuring", "Permits to measure a line that are out.",
        lambda f: f.measuring,
    ),
    Family(
        "gauge", "banjun_measuring_lent_bits_per_second",
        "What the measurement server has set aside for them.",
        lambda f: f.measuring_bits,
    ),
    Family(
        "gauge", "banjun_measuring_limit_bits_per_second", "What it may set aside at most.",
        lambda f: f.measuring_limit_bits,
    ),
    Family(
        "counter", "banjun_permits_granted", "Permits to measure a line, by tier.",
        lambda f: f.permits_granted, "tier",
    ),
    Family(
        "counter", "banjun_permits_refused", "Permits that were not given, by reason.",
        lambda f: f.permits_refused, "reason",
    ),
    Family(
        "counter", "banjun_permits_granted_bytes", "What the permits allowed to spend.",
        lambda f: f.permits_bytes,
    ),
    Family(
        "gauge", "banjun_export_lag_seconds",
        "Time since the engine last had everything; absent without an engine.",
        lambda f: f.export_lag,
    ),
    Family(
        "counter", "banjun_export_refused_lines",
        "Lines that the engine did not take; absent without an engine.",
        lambda f: f.export_refused,
    ),
    Family(
        "gauge", "banjun_disk_free_bytes", "Free space on the disk of the data directory.",
        lambda f: f.disk_free_bytes,
    ),
    Family(
        "gauge", "banjun_disk_size_bytes", "Size of the disk of the data directory.",
        lambda f: f.disk_bytes,
    ),
)  # fmt: skip
COMMITS = "banjun_commit_duration_seconds"
COMMITS_HELP = "How long a commit that succeeded took in the writer thread, fsync included."


class OwnFigures(Collector):
    """Reads once per scrape."""

    def __init__(self, read: Callable[[], Figures]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would otherwise read once more, at the start."""
        return []

    def collect(self) -> Iterator[Metric]:
        figures = self._read()
        yield from (family.metric(figures) for family in FAMILIES)
        bounds = [*map(floatToGoString, BOUNDS), "+Inf"]
        buckets = list(zip(bounds, accumulate(figures.commits), strict=True))
        yield HistogramMetricFamily(COMMITS, COMMITS_HELP, buckets, figures.commit_seconds)


class MetricsDoor:
    """For who may see the pages."""

    def __init__(self, read: Callable[[], Figures], access: Access) -> None:
        self._access = access
        self._registry = CollectorRegistry()
        self._registry.register(OwnFigures(read))
        ProcessCollector(registry=self._registry)

    def routes(self) -> list[web.RouteDef]:
        return [web.get(METRICS_PATH, self._handle)]

    async def _handle(self, request: web.Request) -> web.Response:
        await self._access.check(request)
        encode, kind = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
        body = await asyncio.to_thread(encode, self._registry)
        headers = {hdrs.CONTENT_TYPE: kind, hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=body, headers=headers)
