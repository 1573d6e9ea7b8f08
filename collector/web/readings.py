"""The last readings of a school as tables, one per probe of the catalog.

Nothing here knows any probe: columns, words and units come from its declaration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.inventory.crowd import is_about_one
from collector.register.model import Agent, School
from collector.store import LastRun, Latest, MetricRef
from collector.web.label_titles import label_title
from collector.web.showing import Showing
from probes.catalog import AnyProbe
from probes.model import Metric, Outcome, Role
from probes.text import Text

MOST_ROWS = 60
"""Per probe on one page; what is left out is counted and said."""

MOST_OPEN = 12
LOCAL = "local"

_Series = tuple[str, str, tuple[str, ...]]
"""(agent, target, label values)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One series of a probe.

    Attributes:
        values: in the order of the probe's metrics; None = not measured.
        at: when the newest of them was taken; None when there is none.
        run: the newest run, if it did not end well.
        reason: why it did not, in words.
    """

    agent: Agent
    target: str
    labels: Mapping[str, str]
    values: tuple[Latest | None, ...]
    at: datetime | None
    run: LastRun | None
    reason: Text | None


@dataclass(frozen=True, slots=True)
class ProbeTable:
    """`left_out`: rows beyond MOST_ROWS."""

    probe: AnyProbe
    metrics: tuple[Metric, ...]
    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: int

    def label_title(self, name: str) -> Text:
        return label_title(name)

    @property
    def many(self) -> bool:
        """Too many rows to stand open on a page of many tables."""
        return len(self.rows) > MOST_OPEN

    @property
    def troubles(self) -> int:
        """How many of what was asked did not answer well the last time."""
        return len({(row.agent.id, row.target) for row in self.rows if row.run})

    @property
    def names_targets(self) -> bool:
        """Whether rows are about something else than the machine that measured."""
        return self.probe.aimed or any(row.target != LOCAL for row in self.rows)

    @property
    def newest(self) -> datetime | None:
        return max((row.at for row in self.rows if row.at), default=None)


def tables(
    showing: Showing, school: School, agents: Sequence[Agent], runs: Iterable[LastRun]
) -> tuple[list[ProbeTable], list[AnyProbe]]:
    """Tables of the probes that the school's agents ran, and the probes that never ran there."""
    by_probe: dict[str, list[LastRun]] = defaultdict(list)
    for run in runs:
        by_probe[run.probe].append(run)
    known = {agent.id: agent for agent in agents}
    found, silent = [], []
    for probe in showing.catalog.values():
        table = _table(showing, school, known, probe, by_probe[probe.name])
        if table.rows:
            found.append(table)
        else:
            silent.append(probe)
    return found, silent


def _table(
    showing: Showing,
    school: School,
    agents: Mapping[str, Agent],
    probe: AnyProbe,
    runs: Iterable[LastRun],
) -> ProbeTable:
    labels = tuple(sorted(probe.labels))
    metrics = tuple(probe.measures)
    series = _latest(showing, school, probe, labels)
    not_well = {(run.agent, run.target): run for run in runs if run.outcome is not Outcome.OK}
    answered = {(agent, target) for agent, target, _ in series}
    empty = ("",) * len(labels)
    for agent, target in not_well.keys() - answered:
        series[agent, target, empty] = {}
    rows = [
        _row(showing, probe, agents[key[0]], key, values, not_well.get(key[:2]))
        for key, values in series.items()
        if key[0] in agents
    ]
    rows.sort(key=_gateways_first)
    return ProbeTable(
        probe, metrics, labels, tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS)
    )


def _latest(
    showing: Showing, school: School, probe: AnyProbe, labels: Sequence[str]
) -> dict[_Series, dict[str, Latest]]:
    """Series -> metric -> its newest value."""
    found: dict[_Series, dict[str, Latest]] = defaultdict(dict)
    for metric in probe.measures:
        values = showing.store.latest(
            MetricRef(probe.name, metric.name),
            ("agent", "target", *labels),
            {"school": school.code},
        )
        for (agent, target, *label_values), latest in values.items():
            if is_about_one(probe.name, dict(zip(labels, label_values, strict=True))):
                continue  # among them are pupils' phones; the inventory shows the others
            found[agent, target, tuple(label_values)][metric.name] = latest
    return found


def _row(
    showing: Showing,
    probe: AnyProbe,
    agent: Agent,
    key: _Series,
    values: Mapping[str, Latest],
    run: LastRun | None,
) -> Row:
    _, target, label_values = key
    return Row(
        agent=agent,
        target=target,
        labels=dict(zip(sorted(probe.labels), label_values, strict=True)),
        values=tuple(values.get(metric.name) for metric in probe.measures),
        at=max((latest.at for latest in values.values()), default=None),
        run=run,
        reason=showing.catalog.reason(probe.name, run.reason) if run else None,
    )


def _gateways_first(row: Row) -> tuple[object, ...]:
    return (
        row.agent.role is Role.PC,
        row.agent.hostname,
        row.agent.id,
        row.target,
        *row.labels.values(),
    )
