"""Readings with the entropy of a school's machines, each agent with its own.

Rates follow the bells, shares walk slowly, round trips scatter, most counts rest at zero. The
entropy that a series really has is computed and printed with every benchmark that uses it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.catalog import Catalog
from probes.model import Metric, Unit
from probes.wire import Record, round_to

MINUTE_MS = 60_000
INTERFACES = ("eth0", "eth1")
TARGETS = ("collector", "platform")
LATE_SHARE = 0.05
LATE_MS = 1000
"""A run of many, and a push of many, is up to this late: the machine was busy."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of an agent's minute: a probe with its target and labels."""

    probe: str
    target: str
    labels: dict[str, str]
    metrics: tuple[Metric, ...]


def minute_of(catalog: Catalog, probes: Iterable[str]) -> list[Series]:
    """What a gateway's minute consists of."""
    found = []
    for name in probes:
        probe = catalog[name]
        targets = TARGETS if probe.aimed else ("local",)
        values = INTERFACES if "interface" in probe.labels else ("datagram",)
        for target in targets:
            for value in values if probe.labels else ("",):
                labels = dict.fromkeys(probe.labels, value)
                found.append(Series(name, target, labels, probe.measures))
    return found


class School:
    """The state of one agent's series; `minute` gives its next readings."""

    def __init__(self, minute: list[Series], seed: int) -> None:
        self._minute = minute
        self._random = random.Random(seed)
        self._walks: dict[tuple[int, str], float] = {}

    def minute(self, at: int) -> Iterator[Record]:
        for number, series in enumerate(self._minute):
            values = {m.name: self._value(number, m) for m in series.metrics}
            yield Record(
                probe=series.probe,
                at=at + 40 * number + self._random.randrange(8),
                target=series.target,
                labels=series.labels,
                values=values,
            )

    def _value(self, number: int, metric: Metric) -> float:
        value = round_to(self._raw(number, metric), metric.resolution)
        low = -math.inf if metric.minimum is None else metric.minimum
        high = math.inf if metric.maximum is None else metric.maximum
        return min(max(value, low), high)

    def _raw(self, number: int, metric: Metric) -> float:  # noqa: PLR0911 - one line per unit
        dice = self._random
        match metric.unit:
            case Unit.BOOLEAN:
                return 0.0 if dice.random() < 0.001 else 1.0
            case Unit.RATIO if "loss" in metric.name or "error" in metric.name:
                return 0.25 if dice.random() < 0.01 else 0.0
            case Unit.RATIO:
                return self._walk(number, metric, 0.4, 0.004)
            case Unit.SECONDS if "uptime" in metric.name:
                key = (number, metric.name)
                self._walks[key] = self._walks.get(key, 1e6 * dice.random()) + 60
                return self._walks[key]
            case Unit.SECONDS:
                return 0.002 * math.exp(dice.gauss(0, 0.15))
            case Unit.BITS_PER_SECOND if "speed" in metric.name or "link" in metric.name:
                return 1e9
            case Unit.BITS_PER_SECOND:
                return 2e7 * math.exp(dice.gauss(0, 0.5))
            case Unit.BYTES:
                return self._walk(number, metric, 4e9, 1e6)
            case Unit.CELSIUS:
                return self._walk(number, metric, 50, 0.2)
        return 1.0 if dice.random() < 0.02 else 0.0

    def _walk(self, number: int, metric: Metric, start: float, step: float) -> float:
        key = (number, metric.name)
        value = self._walks.get(key, start * (0.5 + self._random.random()))
        if self._random.random() < 0.3:
            value += self._random.gauss(0, step)
        self._walks[key] = value
        return value


class Schools:
    """The series of many agents at once, as arrays: the same model as School, only quicker.

    A share that has walked to the end of its range turns round: over weeks School's would stand
    still there, which would be easier to store.
    """

    def __init__(self, minute: list[Series], agents: int, seed: int) -> None:
        self.minute = minute
        self.agents = agents
        self._dice = np.random.default_rng(seed)
        self._walks: dict[tuple[int, str], Floats] = {}
        self._phases = self._dice.integers(0, MINUTE_MS - 1000, agents)
        self._push_phases = self._dice.integers(0, MINUTE_MS, agents)

    def instants(self, number: int, first: int, minutes: int) -> Ints:
        """agents x minutes: the phase of the agent, a few ms, and now and then up to a second."""
        planned = self._phases[:, None] + 40 * number + MINUTE_MS * np.arange(minutes)
        return first + planned + self._lateness(minutes, 8)

    def receptions(self, first: int, minutes: int) -> Ints:
        """agents x minutes: when the collector has what was measured in that minute."""
        planned = self._push_phases[:, None] + MINUTE_MS * (1 + np.arange(minutes))
        return first + planned + self._lateness(minutes, 30)

    def _lateness(self, minutes: int, usual: int) -> Ints:
        shape = (self.agents, minutes)
        late = self._dice.random(shape) < LATE_SHARE
        return self._dice.integers(0, usual, shape) + late * self._dice.integers(0, LATE_MS, shape)

    def values(self, number: int, metric: Metric, minutes: int) -> Floats:
        """agents x minutes: what follows the values given before."""
        low = -math.inf if metric.minimum is None else metric.minimum
        high = math.inf if metric.maximum is None else metric.maximum
        return np.clip(rounded(self._raw(number, metric, minutes), metric.resolution), low, high)

    def _raw(self, number: int, metric: Metric, minutes: int) -> Floats:  # noqa: PLR0911 (a table)
        shape = (self.agents, minutes)
        dice = self._dice
        match metric.unit:
            case Unit.BOOLEAN:
                return np.where(dice.random(shape) < 0.001, 0.0, 1.0)
            case Unit.RATIO if "loss" in metric.name or "error" in metric.name:
                return np.where(dice.random(shape) < 0.01, 0.25, 0.0)
            case Unit.RATIO:
                folded = self._walk(number, metric, minutes, 0.4, 0.004) % 2
                return np.minimum(folded, 2 - folded)
            case Unit.SECONDS if "uptime" in metric.name:
                return self._uptime(number, metric, minutes)
            case Unit.SECONDS:
                return 0.002 * np.exp(dice.normal(0, 0.15, shape))
            case Unit.BITS_PER_SECOND if "speed" in metric.name or "link" in metric.name:
                return np.full(shape, 1e9)
            case Unit.BITS_PER_SECOND:
                return 2e7 * np.exp(dice.normal(0, 0.5, shape))
            case Unit.BYTES:
                return self._walk(number, metric, minutes, 4e9, 1e6)
            case Unit.CELSIUS:
                return self._walk(number, metric, minutes, 50, 0.2)
        return np.where(dice.random(shape) < 0.02, 1.0, 0.0)

    def _uptime(self, number: int, metric: Metric, minutes: int) -> Floats:
        last = self._walks.get((number, metric.name))
        if last is None:
            last = 1e6 * self._dice.random(self.agents)
        values = last[:, None] + 60 * np.arange(1, minutes + 1)
        self._walks[number, metric.name] = values[:, -1]
        return values

    def _walk(self, number: int, metric: Metric, minutes: int, start: float, step: float) -> Floats:
        shape = (self.agents, minutes)
        last = self._walks.get((number, metric.name))
        if last is None:
            last = start * (0.5 + self._dice.random(self.agents))
        moved = self._dice.random(shape) < 0.3
        values = last[:, None] + np.cumsum(moved * self._dice.normal(0, step, shape), axis=1)
        self._walks[number, metric.name] = values[:, -1]
        return values


def rounded(values: Floats, resolution: float) -> Floats:
    """What probes.wire.round_to does, to many."""
    steps = np.round(values / resolution)
    if resolution >= 1:
        return steps * round(resolution)
    found: Floats = steps / round(1 / resolution)
    return found


def entropy_of(series: NDArray[Any]) -> float:
    """Bits a value of many alike series (rows): of the values or of their steps, the lower one.

    Pooled over the rows: a single day of a scattered series is too short to show its entropy.
    """
    return min(_empirical(series.ravel()), _empirical(np.diff(series, axis=1).ravel()))


def _empirical(values: NDArray[Any]) -> float:
    _, counts = np.unique(np.round(values, 9), return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def entropy_bits(values: Iterable[float]) -> float:
    """Empirical entropy of the differences between neighbours, in bits a value."""
    listed = list(values)
    steps = Counter(b - a for a, b in pairwise(listed))
    total = sum(steps.values())
    return -sum(n / total * math.log2(n / total) for n in steps.values())
