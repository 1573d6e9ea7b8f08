"""The newest value of every series, in memory: a page never scans an archive to say what is now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.store.columns import Clock, Floats, Ints
from probes.catalog import AnyProbe, Catalog


@dataclass(slots=True, eq=False)
class _Table:
    """Per series (row) and metric (column): the newest value and its instant, ms; NaN = none."""

    values: Floats
    at: Ints


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
        clock: NDArray[np.uint8],
        values: Floats,
    ) -> None:
        """Take what is newer than what is known; a reading of unknown time never counts."""
        usable = clock != Clock.UNKNOWN
        if not usable.all():
            series, at, values = series[usable], at[usable], values[usable]
        if not len(series):
            return
        # Of several rows for one series, the last assignment wins: make that the newest.
        order = np.argsort(at, kind="stable")
        series, at, values = series[order], at[order], values[order]
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
                np.full((0, width), np.nan), np.zeros((0, width), "i8")
            )
        if len(table.values) < rows:
            more = max(rows, 2 * len(table.values), 64) - len(table.values)
            table.values = np.vstack([table.values, np.full((more, width), np.nan)])
            table.at = np.vstack([table.at, np.zeros((more, width), "i8")])
        return table

    def of(self, probe: str, metric: str) -> tuple[Floats, Ints]:
        """Values and instants by series number; empty arrays before the first reading."""
        table = self._tables.get(probe)
        if table is None:
            return np.zeros(0), np.zeros(0, "i8")
        column = self._columns[probe][metric]
        return table.values[:, column], table.at[:, column]
