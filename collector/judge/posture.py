"""What the machines of a school say of their security, fact by fact, and which duties rest on it.

Nothing is judged here: facts with their source, privilege and age, and how duties took them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.judge.duty.rows import words
from collector.judge.model import MACHINE_TITLES, DutyStatus, Machine
from collector.register.model import Agent, School
from collector.store import LastRun, Latest, MetricRef, Store
from config.duty import FactCheck
from config.quantity import show_both
from probes.catalog import AnyProbe, Catalog
from probes.model import Metric, Outcome
from probes.posture import NONE, PART, PRIVILEGE, SOURCE
from probes.text import Text

PREFIX = "posture_"
_ABOUT = (PART, SOURCE, PRIVILEGE)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """A part of a duty that rests on the fact, and how it took this machine's."""

    duty: str
    title: Text
    part: str
    machine: Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value of one machine, or that there is none and why.

    Attributes:
        metric: None where nothing was learned of a part at all.
        about: values of the labels other than part, source and privilege.
        outdated: a newer run of that part had no such value.
    """

    agent: Agent
    probe: AnyProbe
    metric: Metric | None
    part: str
    about: tuple[tuple[str, str], ...]
    value: float | None
    source: str
    privilege: str
    at: datetime
    outdated: bool
    reason: Text | None
    supports: tuple[Support, ...]


def posture(
    school: School,
    agents: Sequence[Agent],
    store: Store,
    catalog: Catalog,
    duties: Iterable[DutyStatus],
) -> list[Fact]:
    """By machine, then by instrument; of agents that are not revoked. Asks the store; blocks."""
    own = {a.id: a for a in agents if a.school == school.code and not a.revoked}
    supports = _Supports(duty for duty in duties if duty.school == school.code)
    found: list[Fact] = []
    for probe in catalog.values():
        if probe.name.startswith(PREFIX) or probe.name in supports.probes:
            found += _of_probe(probe, school, own, store, catalog, supports)
    return sorted(found, key=lambda f: (f.agent.hostname, f.agent.id))


class _Supports:
    """Which duties rest on which facts."""

    def __init__(self, duties: Iterable[DutyStatus]) -> None:
        self._of: dict[str, list[tuple[FactCheck, Support]]] = defaultdict(list)
        self.probes: set[str] = set()
        for status in duties:
            for part in status.parts:
                if isinstance(part.part, FactCheck):
                    self.probes.add(part.part.probe)
                    for machine in part.machines:
                        told = Support(
                            duty=status.duty.id,
                            title=status.duty.title,
                            part=part.id,
                            machine=machine,
                        )
                        self._of[machine.agent].append((part.part, told))

    def of(
        self, agent: str, probe: str, metric: str | None, labels: Mapping[str, str]
    ) -> tuple[Support, ...]:
        return tuple(
            support
            for check, support in self._of.get(agent, ())
            if check.probe == probe
            and metric in (None, check.metric)
            and all(labels.get(name) == value for name, value in check.where)
        )


def _of_probe(
    probe: AnyProbe,
    school: School,
    own: Mapping[str, Agent],
    store: Store,
    catalog: Catalog,
    supports: _Supports,
) -> Iterator[Fact]:
    runs = {(r.agent, r.part): r for r in store.last_runs(probe.name, school.code)}
    values = _values(probe, school, store)
    said: set[tuple[str, str]] = set()
    for (agent, labels), (metric, latest, place) in _newest(values).items():
        if agent in own:
            part = dict(labels).get(PART, "")
            run = _superseding(runs, agent, part, latest.at)
            if run is None:
                said.add((agent, part))
            yield Fact(
                agent=own[agent],
                probe=probe,
                metric=metric,
                part=part,
                about=tuple((k, v) for k, v in labels if k not in (*_ABOUT, "")),
                value=latest.value,
                source=place.get(SOURCE, ""),
                privilege=place.get(PRIVILEGE, ""),
                at=latest.at,
                outdated=run is not None,
                reason=catalog.reason(probe.name, run.reason) if run and run.reason else None,
                supports=supports.of(agent, probe.name, metric.name, place),
            )
    for (agent, part), run in runs.items():
        if agent in own and run.outcome is Outcome.NOT_RUN and (agent, part) not in said:
            yield _nothing(own[agent], probe, run, catalog, supports)


_Labels = tuple[tuple[str, str], ...]
_Value = tuple[Metric, Latest, dict[str, str]]


def _values(probe: AnyProbe, school: School, store: Store) -> Iterator[tuple[str, _Value]]:
    labels = tuple(probe.labels)
    for metric in probe.measures:
        ref = MetricRef(probe.name, metric.name)
        found = store.latest(ref, ("agent", *labels), {"school": school.code})
        for (agent, *given), latest in found.items():
            yield agent, (metric, latest, dict(zip(labels, given, strict=True)))


def _newest(values: Iterable[tuple[str, _Value]]) -> dict[tuple[str, _Labels], _Value]:
    """Of one fact from several sources over time, the newest."""
    found: dict[tuple[str, _Labels], _Value] = {}
    for agent, value in values:
        metric, latest, place = value
        kept = {k: v for k, v in place.items() if k not in (SOURCE, PRIVILEGE)}
        key = agent, (*sorted(kept.items()), ("", metric.name))
        if key not in found or found[key][1].at < latest.at:
            found[key] = value
    return found


def _superseding(
    runs: Mapping[tuple[str, str], LastRun], agent: str, part: str, at: datetime
) -> LastRun | None:
    """The newest run for that part, or for none, that is newer than the value."""
    found = [runs[agent, each] for each in {part, "", NONE} if (agent, each) in runs]
    newer = [run for run in found if run.at > at]
    return max(newer, key=lambda run: run.at, default=None)


def _nothing(
    agent: Agent, probe: AnyProbe, run: LastRun, catalog: Catalog, supports: _Supports
) -> Fact:
    part = "" if run.part == NONE else run.part
    labels = {PART: part} if part else {}
    return Fact(
        agent=agent,
        probe=probe,
        metric=None,
        part=part,
        about=(),
        value=None,
        source="",
        privilege="",
        at=run.at,
        outdated=False,
        reason=catalog.reason(probe.name, run.reason),
        supports=supports.of(agent.id, probe.name, None, labels),
    )


def fact_row(fact: Fact, now: datetime) -> Row:
    metric = fact.metric
    title = metric.title if metric else fact.probe.title
    return {
        "school": fact.agent.school,
        "agent": fact.agent.id,
        "hostname": fact.agent.hostname,
        "role": fact.agent.role.value,
        "probe": fact.probe.name,
        "probe_title": words(fact.probe.title),
        "metric": metric.name if metric else None,
        "title": words(title),
        "meaning": words(metric.meaning) if metric else None,
        "part": fact.part or None,
        "about": dict(fact.about),
        "value": fact.value,
        "unit": metric.unit.value if metric else None,
        "value_text": words(show_both(fact.value, metric.unit)) if metric else None,
        "source": fact.source or None,
        "privilege": fact.privilege or None,
        "at": fact.at.isoformat(),
        "age_seconds": (now - fact.at).total_seconds(),
        "outdated": fact.outdated,
        "reason": words(fact.reason) if fact.reason else None,
        "supports": [_support_row(one) for one in fact.supports],
    }


def _support_row(one: Support) -> Row:
    return {
        "duty": one.duty,
        "title": words(one.title),
        "part": one.part,
        "state": one.machine.state.value,
        "state_text": words(MACHINE_TITLES[one.machine.state]),
        "stale": one.machine.stale,
    }
