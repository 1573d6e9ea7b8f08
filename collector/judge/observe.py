"""What the store says now about a threshold: one question for all schools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from collector.judge.egress import INTERFACE, lines_out
from collector.register.model import School, Watched
from collector.store import MetricRef, Statistic, Store, Summary
from config.threshold import CONTRACT_DOWN, Threshold


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
    by = ("school", "agent", "target", *([INTERFACE] if relative else []))
    found = store.summarise(
        MetricRef(threshold.probe, threshold.metric),
        Statistic(threshold.statistic),
        by,
        since,
        until,
        {"target": tuple(sorted(threshold.targets))} if threshold.targets else {},
        threshold.period,
    )
    if relative:
        return _of_contracts(found, threshold, schools)
    return {
        Watched(key[0], key[1], key[2], threshold.id): Observed(s.value, s.n, s.last)
        for key, s in found.items()
    }


def _of_contracts(
    found: Mapping[tuple[str, ...], Summary], threshold: Threshold, schools: Mapping[str, School]
) -> dict[Watched, Observed]:
    """Rates as shares of the contract; absent where the way out or its contract is not known."""
    carried: dict[tuple[str, str, str], dict[str, Summary]] = defaultdict(dict)
    for (school, agent, target, interface), summary in found.items():
        carried[school, agent, target][interface] = summary
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
