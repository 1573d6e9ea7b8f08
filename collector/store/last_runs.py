"""How the newest run of each probe of a school ended: why a value is absent, when it is."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import numpy as np

from collector.store import LastRun
from collector.store.columns import statuses
from collector.store.hot import series_table
from collector.store.latest import LatestValues
from probes.catalog import AnyProbe
from probes.model import Outcome
from probes.posture import PART


def last_runs(
    db: duckdb.DuckDBPyConnection, probe: AnyProbe, latest: LatestValues, school: str | None
) -> list[LastRun]:
    """One per (agent, target, part) heard since this start, or in the archive's last days."""
    status, run_at = latest.runs(probe.name)
    if not np.any(run_at):
        return []
    meanings = statuses(probe)
    chosen, given = ("", []) if school is None else ("WHERE school = $1", [school])
    part_of = PART if PART in probe.labels else "''"
    newest: dict[tuple[str, str, str], LastRun] = {}
    for number, of_school, agent, target, part in db.execute(
        f"SELECT id, school, agent, target, {part_of} FROM {series_table(probe.name)} {chosen}",
        given,
    ).fetchall():
        if number >= len(run_at) or not run_at[number]:
            continue
        at = datetime.fromtimestamp(int(run_at[number]) / 1000, UTC)
        outcome, reason = meanings[status[number]]
        key = (agent, target, part)
        run = LastRun(of_school, agent, probe.name, target, at, Outcome(outcome), reason, part)
        if key not in newest or _rank(newest[key]) < _rank(run):
            newest[key] = run
    return list(newest.values())


def _rank(run: LastRun) -> tuple[datetime, bool]:
    """Of the readings of one run, the one that says why something is missing is told."""
    return run.at, run.outcome is Outcome.NOT_RUN
