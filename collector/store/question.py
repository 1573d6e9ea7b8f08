"""A question to a store, checked against the catalog once, before any SQL is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.store import MetricRef, QueryError, Where
from probes.catalog import AnyProbe, Catalog, UnknownProbeError
from probes.text import Text

COMMON = ("school", "agent", "session", "target")
SERIES = ("school", "agent", "target")
"""A newest value is known of a series, which outlives the sessions of its agent."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which values are meant: of one metric, in groups, of chosen series only."""

    probe: AnyProbe
    metric: str
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, besides the metric, that are needed to group and to choose."""
        return tuple(dict.fromkeys((*self.by, *self.where)))


def ask(
    catalog: Catalog,
    metric: MetricRef,
    by: Sequence[str],
    where: Where,
    common: Sequence[str] = COMMON,
) -> Question:
    """Raises QueryError naming the metric or column that does not exist."""
    try:
        probe = catalog[metric.probe]
        catalog.metric(metric.probe, metric.metric)
    except UnknownProbeError as exc:
        raise QueryError(exc.text) from exc
    known = (*common, *sorted(probe.labels))
    for column in (*by, *where):
        if column not in known:
            raise QueryError(
                Text(
                    f"{metric} 没有列“{column}”；可用的有：{', '.join(known)}。",
                    f"{metric} has no column {column!r}; it has: {', '.join(known)}.",
                )
            )
    allowed = {c: (v,) if isinstance(v, str) else tuple(v) for c, v in where.items()}
    return Question(probe, metric.metric, tuple(by), allowed)
