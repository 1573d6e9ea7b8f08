"""Four questions to the embedded store and to VictoriaMetrics, over the same readings.

a: mean and p95 of a metric per school over a day; b: a week of one series in means of five minutes;
c: the last value of every series; d: availability per device over a week and a month. Ours is asked
as the judge and the pages ask it, inside this process; VictoriaMetrics over HTTP on loopback, its
answer read but not decoded. Every pair of answers is compared before it is timed. Run:
make bench-queries
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from statistics import median
from typing import Any

from collector.store import MetricRef, Statistic, Summary
from probes.catalog import Catalog, discover
from tests.bench import peers
from tests.bench.county import DAY, START, County, county, fill, timetable
from tests.bench.process import cpu_seconds
from tests.bench.report import Report, compared
from tests.bench.school_data import Floats, Ints, Series, minute_of
from tests.bench.victoria import FLAGS, Key, Victoria, points, single_values

VM = "VictoriaMetrics"
MEAN, P95 = Statistic("mean"), Statistic("p95")
SHARE = Statistic.parse("time_share(>=1)")
CPU_SHARE = MetricRef("host_resources", "cpu_used_ratio")
ROUND_TRIP = MetricRef("icmp_echo", "rtt_seconds_median")
REACHABLE = MetricRef("icmp_echo", "reachable")
FIVE_MINUTES = timedelta(minutes=5)
ROUND_SECONDS = 0.5
A_BUCKET = 10 ** (1 / 18) - 1
"""VictoriaMetrics pools a percentile from buckets, 18 to a power of ten: it may be off by this."""
ROUNDING = 1e-9
"""Relative; sums in another order differ by less."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question to both. What `ours` and `theirs` return, `read` and `decode` make comparable;
    that is not timed.

    Attributes:
        permitted: by how much, relatively, the answers may differ.
    """

    name: str
    ours: Callable[[], Any]
    read: Callable[[Any], Mapping[Key, float]]
    theirs: Callable[[], bytes]
    decode: Callable[[bytes], Mapping[Key, float]]
    permitted: float = ROUNDING


@dataclass(frozen=True, slots=True)
class Both:
    """The two stores with the same readings; `label` says how many."""

    county: County
    vm: Victoria
    days: int

    @property
    def label(self) -> str:
        return f"{len(self.county.agents):,} agents x {self.days} d"

    @property
    def last(self) -> float:
        """The last millisecond: their windows leave out their beginning, ours the end."""
        return (START + self.days * DAY).timestamp() - 0.001


@contextmanager
def both(
    report: Report, catalog: Catalog, minute: list[Series], agents: int, days: int
) -> Iterator[Both]:
    """Both stores filled, merged and at rest."""
    with county(catalog, agents, minute) as ours, peers.victoria(*FLAGS) as server:
        made = Both(ours, Victoria(server), days)
        started = time.monotonic()
        fill(ours, days, also=[made.vm.write, progress(made)])
        after = (START + days * DAY).date()
        ours.house.merge(after, 10_000)
        ours.house.store.set_periods(timetable(ours, days))
        ours.house.merge(after, 10_000)
        made.vm.settle()
        report.note(
            f"{made.label}: {ours.values:,} values of {ours.values // agents // days // 1440} "
            f"metrics, in both after {time.monotonic() - started:.0f} s"
        )
        if (theirs := made.vm.rows()) != ours.values:
            raise RuntimeError(f"{VM} holds {theirs:,} samples, and {ours.values:,} were written")
        yield made


def progress(both: Both) -> Callable[[County, Series, Ints, list[Floats]], None]:
    """A line for each tenth that is written."""
    total = len(both.county.agents) * both.days * 1440 * len(both.county.schools.minute)
    done, told = 0, 0

    def sink(county: County, series: Series, at: Ints, values: list[Floats]) -> None:
        nonlocal done, told
        done += at.size
        if done * 10 // total > told:
            told = done * 10 // total
            print(f"  {both.label}: {told * 10} % written", flush=True)

    return sink


def compare(report: Report, pairs: Sequence[Pair], vm: Victoria, rounds: int) -> None:
    """Check each pair, then time it in alternating rounds; medians, and of the rounds' ratios."""
    for pair in pairs:
        report.note(disagreement(pair))
        ours = Side(pair.ours, time.process_time)
        theirs = Side(pair.theirs, lambda: cpu_seconds(vm.server.pid))
        spent = [(ours.costs(), theirs.costs()) for _ in range(rounds)]
        for unit, which in (("ms wall", 0), ("ms CPU", 1)):
            own, their = ([each[side][which] for each in spent] for side in (0, 1))
            report.add(compared(pair.name, unit, own, VM, their))


class Side:
    """One of the two that are asked the same; `clock` gives its CPU seconds so far.

    It is asked so often in a round that a clock of 10 ms sees it.
    """

    def __init__(self, question: Callable[[], object], clock: Callable[[], float]) -> None:
        self._question = question
        self._clock = clock
        started = time.perf_counter()
        question()
        self._times = max(1, ceil(ROUND_SECONDS / (time.perf_counter() - started)))

    def costs(self) -> tuple[float, float]:
        """Milliseconds of wall and CPU of one answer."""
        cpu, wall = self._clock(), time.perf_counter()
        for _ in range(self._times):
            self._question()
        wall, cpu = time.perf_counter() - wall, self._clock() - cpu
        return wall / self._times * 1000, cpu / self._times * 1000


def disagreement(pair: Pair) -> str:
    """How far the answers are apart; raises RuntimeError if that is further than permitted.

    It also warms both up: files are open, caches are filled.
    """
    ours, theirs = pair.read(pair.ours()), pair.decode(pair.theirs())
    if ours.keys() != theirs.keys():
        odd = sorted(ours.keys() ^ theirs.keys())[:3]
        raise RuntimeError(f"{pair.name}: {len(ours)} and {len(theirs)} answers, such as {odd}")
    apart = [abs(ours[k] - theirs[k]) / max(abs(ours[k]), 1e-12) for k in ours]
    if max(apart) > pair.permitted:
        raise RuntimeError(f"{pair.name}: answers differ by {max(apart):.2%}")
    return (
        f"{pair.name}: {len(ours):,} answers each; relative difference at most {max(apart):.1e}, "
        f"median {median(apart):.1e}, permitted {pair.permitted:.1e}"
    )


def per_school(both: Both) -> list[Pair]:
    store, until = both.county.house.store, START + both.days * DAY
    metric, window = "host_resources_cpu_used_ratio", f"{both.days}d"
    mean = (
        f"sum(sum_over_time({metric}[{window}])) by (school) / "
        f"sum(count_over_time({metric}[{window}])) by (school)"
    )
    buckets = f"sum(histogram_over_time({metric}[{window}])) by (school, vmrange)"
    return [
        Pair(
            f"{name} per school, {both.label}",
            ours=lambda statistic=statistic: store.summarise(  # type: ignore[misc]
                CPU_SHARE, statistic, ["school"], START, until, {}
            ),
            read=values_of,
            theirs=lambda query=query: both.vm.at(query, both.last),  # type: ignore[misc]
            decode=lambda answer: single_values(answer, ["school"]),
            permitted=permitted,
        )
        for name, statistic, query, permitted in (
            ("a1 mean", MEAN, mean, ROUNDING),
            ("a2 p95", P95, f"histogram_quantile(0.95, {buckets})", A_BUCKET),
        )
    ]


def one_series(both: Both) -> Pair:
    store, days = both.county.house.store, min(7, both.days)
    until = START + both.days * DAY
    since, agent, step = until - days * DAY, both.county.agents[0], FIVE_MINUTES.total_seconds()
    query = f'avg_over_time(icmp_echo_rtt_seconds_median{{agent="{agent}"}}[5m])'
    return Pair(
        f"b 5-min means of one series, {days} d of {both.label}",
        ours=lambda: store.series(
            ROUND_TRIP, MEAN, [], FIVE_MINUTES, since, until, {"agent": agent}
        ),
        read=lambda found: {
            (str(round((p.at + FIVE_MINUTES).timestamp() * 1000) - 1),): p.value for p in found
        },
        theirs=lambda: both.vm.over(query, since.timestamp() + step - 0.001, both.last, step),
        decode=points,
    )


def last_values(both: Both) -> Pair:
    catalog, store = both.county.catalog, both.county.house.store
    asked = [
        (MetricRef(s.probe, m.name), ["agent", "target"])
        for s in both.county.schools.minute
        for m in s.metrics
    ]
    named = {f"{metric.probe}_{metric.metric}": metric for metric, _ in asked}
    query = f'last_over_time({{__name__=~"{"|".join(sorted(named))}"}}[10m])'
    assert all(len(catalog[metric.probe].labels) <= 1 for metric, _ in asked)
    return Pair(
        f"c last value of every series, {both.label}",
        ours=lambda: {metric: store.latest(metric, by, {}) for metric, by in asked},
        read=lambda found: {
            (f"{metric.probe}_{metric.metric}", *key): latest.value
            for metric, each in found.items()
            for key, latest in each.items()
        },
        theirs=lambda: both.vm.at(query, both.last),
        decode=lambda answer: single_values(answer, ["__name__", "agent", "target"]),
    )


def availability(both: Both) -> list[Pair]:
    store, until = both.county.house.store, START + both.days * DAY
    query = f"avg_over_time(icmp_echo_reachable[{both.days}d])"
    return [
        Pair(
            f"{name}, {both.label}",
            ours=lambda statistic=statistic: store.summarise(  # type: ignore[misc]
                REACHABLE, statistic, ["agent"], START, until, {}
            ),
            read=values_of,
            theirs=lambda: both.vm.at(query, both.last),
            decode=lambda answer: single_values(answer, ["agent"]),
        )
        for name, statistic in (
            ("d1 availability from roll-ups", MEAN),
            ("d2 availability from readings", SHARE),
        )
    ]


def values_of(found: Mapping[Key, Summary]) -> dict[Key, float]:
    return {key: summary.value for key, summary in found.items()}


def twenty_metrics(catalog: Catalog) -> list[Series]:
    """One target each."""
    probes = ("host_resources", "icmp_echo", "tcp_connect", "uptime")
    found = [s for s in minute_of(catalog, probes) if s.target in ("local", "platform")]
    (uptime,) = (s for s in found if s.probe == "uptime")
    return [*(s for s in found if s is not uptime), replace(uptime, metrics=uptime.metrics[:1])]


def two_metrics(catalog: Catalog) -> list[Series]:
    """Those of b and d."""
    series = next(s for s in minute_of(catalog, ["icmp_echo"]) if s.target == "platform")
    wanted = (REACHABLE.metric, ROUND_TRIP.metric)
    return [replace(series, metrics=tuple(m for m in series.metrics if m.name in wanted))]


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wide", type=int, nargs=2, default=(2000, 1), metavar=("AGENTS", "DAYS"))
    parser.add_argument("--long", type=int, nargs=2, default=(2000, 7), metavar=("AGENTS", "DAYS"))
    parser.add_argument("--deep", type=int, nargs=2, default=(100, 30), metavar=("AGENTS", "DAYS"))
    args = parser.parse_args()
    report, catalog = Report("queries"), discover()
    report.note(peers.victoria_version())
    report.note(
        "ours in this process, the answer as objects; theirs over HTTP, the answer as bytes; both "
        f"merged, warm and at rest; {VM} with nocache=1"
    )
    with both(report, catalog, twenty_metrics(catalog), *args.wide) as wide:
        compare(report, [*per_school(wide), last_values(wide)], wide.vm, args.rounds)
    for agents, days in (args.long, args.deep):
        with both(report, catalog, two_metrics(catalog), agents, days) as long:
            compare(report, [one_series(long), *availability(long)], long.vm, args.rounds)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
