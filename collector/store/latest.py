"""The newest value of every series, in memory: a page never scans an archive to say what is now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.store.columns import Floats, Ints
from probes.catalog import AnyProbe, Catalog


@dataclass(slots=True, eq=False)
class _Table:
    """Per series (row) and metric (column): the newest value and its instant, ms; NaN = none.

    `status` and `run_at` are of the newest run, whether it measured anything or not; 0 = no run.
    """

    values: Floats
    at: Ints
    status: NDArray[np.uint8]
    run_at: Ints


class LatestValues:
    """Arrays by series number; the series book says what a number stands for."""

    def __init__(self, catalog: Catalog) -> None:
        self._columns = {
            name: {m.name: i for i, m in enumerate(probe.measures)}
            for name, probe in catalog.items()
        }
        self._tables: dict[str, _Table] = {}

    def update(
        self,
        probe: AnyProbe,
        metrics: tuple[str, ...],
        series: Ints,
        at: Ints,
        status: NDArray[np.uint8],
        values: Floats,
    ) -> None:
        """Take what is newer than what is known, of runs whose instants are known and past."""
        if not len(series):
            return
        # Of several rows for one series, the last assignment wins: make that the newest.
        order = np.argsort(at, kind="stable")
        series, at, status, values = series[order], at[order], status[order], values[order]
        self.note(probe, series, at, status)
        self.take(probe, metrics, series, at, values)

    def note(self, probe: AnyProbe, series: Ints, at: Ints, status: NDArray[np.uint8]) -> None:
        """How runs ended, in order of their instants."""
        if not len(series):
            return
        table = self._sized(probe.name, int(series.max()) + 1)
        ran = at >= table.run_at[series]
        table.status[series[ran]] = status[ran]
        table.run_at[series[ran]] = at[ran]

    def take(
        self, probe: AnyProbe, metrics: tuple[str, ...], series: Ints, at: Ints, values: Floats
    ) -> None:
        """Values only, in order of their instants."""
        if not len(series):
            return
        table = self._sized(probe.name, int(series.max()) + 1)
        for i, metric in enumerate(metrics):
            column = self._columns[probe.name][metric]
            newer = ~np.isnan(values[:, i]) & (at >= table.at[series, column])
            rows = series[newer]
            table.values[rows, column] = values[newer, i]
            table.at[rows, column] = at[newer]

    def _sized(self, probe: str, rows: int) -> _Table:
        table = self._tables.get(probe)
        width = len(self._columns[probe])
        if table is None:
            table = self._tables[probe] = _Table(
                values=np.full((0, width), np.nan),
                at=np.zeros((0, width), "i8"),
                status=np.zeros(0, "u1"),
                run_at=np.zeros(0, "i8"),
            )
        if len(table.values) < rows:
            more = max(rows, 2 * len(table.values), 64) - len(table.values)
            table.values = np.vstack([table.values, np.full((more, width), np.nan)])
            table.at = np.vstack([table.at, np.zeros((more, width), "i8")])
            table.status = np.concatenate([table.status, np.zeros(more, "u1")])
            table.run_at = np.concatenate([table.run_at, np.zeros(more, "i8")])
        return table

    def of(self, probe: str, metric: str) -> tuple[Floats, Ints]:
        """Values and instants by series number; empty arrays before the first reading."""
        table = self._tables.get(probe)
        if table is None:
            return np.zeros(0), np.zeros(0, "i8")
        column = self._columns[probe][metric]
        return table.values[:, column], table.at[:, column]

    def runs(self, probe: str) -> tuple[NDArray[np.uint8], Ints]:
        """Status and instant of the newest run by series number."""
        table = self._tables.get(probe)
        if table is None:
            return np.zeros(0, "u1"), np.zeros(0, "i8")
        return table.status, table.run_at
