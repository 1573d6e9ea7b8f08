"""A store filled with the readings of many agents, on the product's own way: journal, hot window,
sealing, nightly merge, roll-up. Only the batches' bodies are left empty, for columns are generated
here and not pushes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from collector.store import MetricRef, PeriodKind, SchoolPeriod
from collector.store.arrival import Arrival
from collector.store.columns import Clock, Columns, KnownHead
from collector.store.sources import Source
from collector.store.storehouse import Storehouse
from probes.catalog import Catalog
from tests.bench.school_data import MINUTE_MS, Floats, Ints, Schools, Series

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
DAY_MINUTES = 1440
BATCHES_A_WINDOW = 120_000


class Sent(NamedTuple):
    """A value that was stored, to be asked for again; `at` in ms."""

    metric: MetricRef
    where: dict[str, str]
    at: int
    value: float


@dataclass(slots=True)
class County:
    """A store under way, the agents that fill it, and how many values they sent."""

    house: Storehouse
    catalog: Catalog
    schools: Schools
    agents: list[str]
    sessions: list[str]
    values: int = 0
    sent: list[Sent] = field(default_factory=list)
    dice: Random = field(default_factory=lambda: Random(1))

    def school(self, agent: int) -> str:
        return f"99{agent % 100:08d}"


@contextmanager
def county(catalog: Catalog, agents: int, minute: list[Series]) -> Iterator[County]:
    """An empty one, whose agents each send `minute` every minute."""
    dice = Random(agents)
    with TemporaryDirectory(prefix="banjun-bench-") as folder:
        house = Storehouse(Path(folder), catalog, lambda: round(time.time() * 1000))
        try:
            yield County(
                house=house,
                catalog=catalog,
                schools=Schools(minute, agents, seed=agents),
                agents=[f"{dice.getrandbits(128):032x}" for _ in range(agents)],
                sessions=[f"{dice.getrandbits(128):032x}" for _ in range(agents)],
            )
        finally:
            house.close()


Sink = Callable[[County, Series, Ints, list[Floats]], None]
"""Is told what was made: the instants, and the values of each metric, agents x minutes."""


def fill(county: County, days: int, also: Sequence[Sink] = ()) -> None:
    """Store `days`, in windows of some 120,000 batches, each a minute of one agent."""
    window = max(60, min(DAY_MINUTES, BATCHES_A_WINDOW // len(county.agents) // 60 * 60))
    for first in range(0, days * DAY_MINUTES, window):
        minutes = min(window, days * DAY_MINUTES - first)
        at = round(START.timestamp() * 1000) + first * MINUTE_MS
        arrivals = arrivals_of(county, at, minutes)
        county.house.journal.commit(arrivals)
        county.house.take(arrivals, columns_of(county, arrivals, at, minutes, also))
        county.house.seal()


def arrivals_of(county: County, first: int, minutes: int) -> list[Arrival]:
    """One batch a minute of each agent, minute by minute."""
    received = county.schools.receptions(first, minutes)
    rows = len(county.schools.minute)
    return [
        Arrival(
            agent=agent, school=county.school(number), session=county.sessions[number],
            seq=first // MINUTE_MS + minute, sha256=b"", body=b"",
            received=int(received[number, minute]), base=None, rows=rows,
        )
        for minute in range(minutes)
        for number, agent in enumerate(county.agents)
    ]  # fmt: skip


def columns_of(
    county: County, arrivals: list[Arrival], first: int, minutes: int, also: Sequence[Sink]
) -> list[Columns]:
    """What the joiner would have made of the same minutes, agent by agent."""
    agents = len(county.agents)
    rows = agents * minutes
    batch = np.arange(rows).reshape(minutes, agents).T.ravel()
    received = np.array([a.received for a in arrivals])
    found = []
    for number, series in enumerate(county.schools.minute):
        at = county.schools.instants(number, first, minutes)
        values = [county.schools.values(number, m, minutes) for m in series.metrics]
        county.values += rows * len(values)
        remember(county, number, at, values)
        for sink in also:
            sink(county, series, at, values)
        probe = county.catalog[series.probe]
        head = KnownHead(
            probe=probe,
            version=probe.version,
            keys=((series.target, *(series.labels[k] for k in sorted(series.labels))),),
            metrics=tuple(m.name for m in series.metrics),
            status=b"",
            alike=0,
        )
        columns = Columns(
            probe=probe,
            metrics=head.metrics,
            source=sources_of(county, head),
            rows=np.full(agents, minutes),
            batch=batch,
            received=received[batch],
            key=np.zeros(rows, "u2"),
            at=at.ravel(),
            clock=np.full(rows, int(Clock.AGENT), "u1"),
            status=np.zeros(rows, "u1"),
            values=np.stack([v.ravel() for v in values], axis=1),
        )
        found.append(columns)
    return found


def sources_of(county: County, head: KnownHead) -> Ints:
    number = county.house.joiner.sources.number
    return np.array(
        [number(Source(agent, county.school(n), head)) for n, agent in enumerate(county.agents)]
    )


def remember(county: County, number: int, at: Ints, values: list[Floats]) -> None:
    series, dice = county.schools.minute[number], county.dice
    for _ in range(3):
        agent, minute = dice.randrange(at.shape[0]), dice.randrange(at.shape[1])
        metric = dice.randrange(len(values))
        county.sent.append(
            Sent(
                MetricRef(series.probe, series.metrics[metric].name),
                {"agent": county.agents[agent], "target": series.target, **series.labels},
                int(at[agent, minute]),
                float(values[metric][agent, minute]),
            )
        )


def timetable(county: County, days: int) -> list[SchoolPeriod]:
    """On weekdays eight lessons of 40 minutes with breaks of 10, from 08:00 in China: 00:00 UTC."""
    found = []
    codes = {county.school(n) for n in range(len(county.agents))}
    for day in range(days):
        if (START + day * DAY).weekday() >= 5:
            continue
        for minute in range(0, 400, 50):
            for begin, end, kind in ((0, 40, "lesson"), (40, 50, "break")):
                since = START + day * DAY + timedelta(minutes=minute + begin)
                until = since + timedelta(minutes=end - begin)
                found += [SchoolPeriod(code, since, until, period(kind)) for code in sorted(codes)]
    return found


def period(kind: str) -> PeriodKind:
    return "lesson" if kind == "lesson" else "break"


def costs(what: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of all threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - wall, time.process_time() - cpu
