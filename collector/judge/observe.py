"""What the store says now about a threshold: one question for all schools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from collector.judge.bandwidth import primary_links
from collector.judge.capacity import CAPACITY
from collector.judge.egress import INTERFACE, lines_out
from collector.register.model import School, Watched
from collector.store import Key, MetricRef, Point, Statistic, Store
from config.threshold import CONTRACT_DOWN, Threshold

_OF_NEWEST: Mapping[str, Callable[[Sequence[float]], float]] = {
    "p50": median,
    "min": min,
    "max": max,
}


@dataclass(frozen=True, slots=True)
class Observed:
    """A statistic of the readings in a window; `last` is when the newest of them was taken."""

    value: float
    n: int
    last: datetime


def observe(
    store: Store,
    threshold: Threshold,
    schools: Mapping[str, School],
    since: datetime,
    until: datetime,
) -> dict[Watched, Observed]:
    """Values of readings in [since, until); what has none is absent."""
    if since >= until:
        return {}
    relative = threshold.relative_to == CONTRACT_DOWN
    of_line = threshold.probe == CAPACITY.probe
    by = ("school", "agent", "target", *([INTERFACE] if relative and not of_line else []))
    found = _found(store, threshold, by, since, until)
    if relative and not of_line:
        return _of_contracts(found, threshold, schools)
    values = {Watched(key[0], key[1], key[2], threshold.id): seen for key, seen in found.items()}
    return _of_lines(values, schools) if relative else values


def _found(
    store: Store, threshold: Threshold, by: tuple[str, ...], since: datetime, until: datetime
) -> dict[Key, Observed]:
    metric = MetricRef(threshold.probe, threshold.metric)
    where: dict[str, tuple[str, ...]] = dict(threshold.labels)
    if threshold.targets:
        where["target"] = tuple(sorted(threshold.targets))
    if threshold.newest is not None:
        # A step of one second leaves every reading by itself.
        step, of_one = timedelta(seconds=1), Statistic("p50")
        points = store.series(metric, of_one, by, step, since, until, where, threshold.period)
        return _newest(points, threshold.newest, threshold.statistic)
    statistic = Statistic(threshold.statistic)
    found = store.summarise(metric, statistic, by, since, until, where, threshold.period)
    return {key: Observed(s.value, s.n, s.last) for key, s in found.items()}


def _newest(points: Sequence[Point], count: int, statistic: str) -> dict[Key, Observed]:
    """`points` are in order of time within each key."""
    of_key: dict[Key, list[Point]] = defaultdict(list)
    for point in points:
        of_key[point.key].append(point)
    found = {}
    for key, every in of_key.items():
        last = every[-count:]
        value = _OF_NEWEST[statistic]([point.value for point in last])
        found[key] = Observed(value, len(last), last[-1].at)
    return found


def _of_lines(
    values: Mapping[Watched, Observed], schools: Mapping[str, School]
) -> dict[Watched, Observed]:
    """Capacities as shares of the contract; absent where it is not known which line is meant, or
    what it is contracted for."""
    shares = {}
    for watched, seen in values.items():
        facts = schools.get(watched.school)
        links = primary_links(facts) if facts else ()
        rate = links[0].contract_down_bits_per_second if len(links) == 1 else None
        if rate:
            shares[watched] = Observed(seen.value / rate, seen.n, seen.last)
    return shares


def _of_contracts(
    found: Mapping[Key, Observed], threshold: Threshold, schools: Mapping[str, School]
) -> dict[Watched, Observed]:
    """Rates as shares of the contract; absent where the way out or its contract is not known."""
    carried: dict[tuple[str, str, str], dict[str, Observed]] = defaultdict(dict)
    for (school, agent, target, interface), seen in found.items():
        carried[school, agent, target][interface] = seen
    shares = {}
    for (code, agent, target), of in carried.items():
        facts = schools.get(code)
        lines = lines_out(facts, {name: s.value for name, s in of.items()}) if facts else {}
        if not isinstance(lines, dict):
            continue
        full = [
            Observed(of[name].value / rate, of[name].n, of[name].last)
            for name, link in lines.items()
            if (rate := link.contract_down_bits_per_second)
        ]
        if full:
            fullest = max(full, key=lambda observed: observed.value)
            shares[Watched(code, agent, target, threshold.id)] = fullest
    return shares
