"""The newest values that the archive holds and how the newest runs ended.

So a restart does not forget what is now, nor what could not be read.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from collector.store.archive import KNOWN_CLOCK, Archive, file_rows
from collector.store.hot import HotWindow, quoted
from collector.store.journal import ArchiveFile
from collector.store.rollup import KIND
from probes.catalog import AnyProbe, Catalog

log = logging.getLogger(__name__)

_RUN = 'arg_max(outcome, "at"), arg_max(reason, "at"), epoch_ms(max("at"))'

RECALLED_DAYS = 3
"""A value older than this is history, not a state: an hourly reading has 72 chances in it."""


def recall_latest(
    db: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    archive: Archive,
    files: Sequence[ArchiveFile],
    hot: HotWindow,
) -> None:
    """Fill the latest values from the archive's last days."""
    since = (datetime.now(UTC).date() - timedelta(days=RECALLED_DAYS)).isoformat()
    for name, probe in catalog.items():
        recent = [f for f in files if f.probe == name and f.day >= since and f.kind != KIND]
        if not recent:
            continue
        try:
            hot.recall(probe, _newest(db, probe, archive, recent))
        except duckdb.Error:
            # The page then waits for the next readings; a damaged file must not stop the start.
            log.exception("the newest values of %s cannot be read from the archive", name)


def _newest(
    db: duckdb.DuckDBPyConnection, probe: AnyProbe, archive: Archive, files: Sequence[ArchiveFile]
) -> list[tuple[object, ...]]:
    """Per series: school, agent, version, target, labels…, then value and ms of each metric, then
    outcome, reason and ms of the newest run."""
    labels = sorted(probe.labels)
    keys = ["school", "agent", "version", "target", *labels]
    metrics = [quoted(m.name) for m in probe.measures]
    source = file_rows(
        [archive.path(f) for f in files],
        [*keys, "at", "clock", "outcome", "reason", *(m.name for m in probe.measures)],
    )
    newest = ", ".join(
        f'arg_max({m}, "at") FILTER ({m} IS NOT NULL), epoch_ms(max("at") FILTER ({m} IS NOT NULL))'
        for m in metrics
    )
    listed = ", ".join(map(quoted, keys))
    return db.execute(
        f"SELECT {listed}, {newest}, {_RUN} FROM ({source}) WHERE {KNOWN_CLOCK} GROUP BY ALL"
    ).fetchall()
