"""How the newest run of each probe of a school ended: why a value is absent, when it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import numpy as np

from collector.store.columns import statuses
from collector.store.hot import series_table
from collector.store.latest import LatestValues
from probes.catalog import Catalog
from probes.model import Outcome


@dataclass(frozen=True, slots=True)
class LastRun:
    """`reason` is empty when the outcome is ok."""

    agent: str
    probe: str
    target: str
    at: datetime
    outcome: Outcome
    reason: str = ""


def last_runs(
    db: duckdb.DuckDBPyConnection, catalog: Catalog, latest: LatestValues, school: str
) -> list[LastRun]:
    """One per (agent, probe, target) that was heard since this start."""
    newest: dict[tuple[str, str, str], LastRun] = {}
    for name, probe in catalog.items():
        status, run_at = latest.runs(name)
        if not np.any(run_at):
            continue
        meanings = statuses(probe)
        for number, agent, target in db.execute(
            f"SELECT id, agent, target FROM {series_table(name)} WHERE school = $1", [school]
        ).fetchall():
            if number >= len(run_at) or not run_at[number]:
                continue
            at = datetime.fromtimestamp(int(run_at[number]) / 1000, UTC)
            outcome, reason = meanings[status[number]]
            key = (agent, name, target)
            if key not in newest or newest[key].at < at:
                newest[key] = LastRun(agent, name, target, at, Outcome(outcome), reason)
    return list(newest.values())
