"""What it costs to keep: bytes a value in the archive, and the time of four questions.

How the store is filled: tests/bench/county.py. Run: make bench-store
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import numpy as np

from collector.store import MetricRef, Statistic
from collector.store.rollup import KIND
from probes.catalog import Catalog, discover
from tests.bench.county import DAY, START, County, costs, county, fill, timetable
from tests.bench.ingest import PROBES
from tests.bench.report import Figure, Report
from tests.bench.school_data import MINUTE_MS, Schools, entropy_of, minute_of

ROUNDS = 5
READ_BACK = 300
MEAN, P95 = Statistic("mean"), Statistic("p95")
CPU_SHARE = MetricRef("host_resources", "cpu_used_ratio")
ROUND_TRIP = MetricRef("icmp_echo", "rtt_seconds_median")
REACHABLE = MetricRef("icmp_echo", "reachable")


def keep(report: Report, county: County, label: str, days: int) -> None:
    """Fill, merge, roll up; the bytes that are left, and what it took."""
    _, generate = costs(lambda: fill(county, days))
    report.note(f"{label}: {county.values:,} values; generated and sealed in {generate:.0f} s CPU")
    after = (START + days * DAY).date()
    merge = costs(lambda: county.house.merge(after, 10_000))
    county.house.store.set_periods(timetable(county, days))
    roll_up = costs(lambda: county.house.merge(after, 10_000))
    files = county.house.journal.files()
    size = {kind: sum(f.bytes for f in files if f.kind == kind) for kind in ("day", KIND)}
    assert sum(size.values()) == sum(county.house.archive.path(f).stat().st_size for f in files)
    readings, hours = (size[kind] / county.values for kind in ("day", KIND))
    unit = "B/value"
    report.add(Figure(f"merged archive, {label}", readings, unit, aim="value <= 1.0"))
    report.add(Figure(f"hourly roll-ups beside it, {label}", hours, unit))
    report.add(Figure(f"both together, {label}", readings + hours, unit))
    for name, (wall, cpu) in (("merge", merge), ("roll-up", roll_up)):
        report.add(Figure(f"nightly {name}, {label}", cpu / county.values * 1e9, "ns CPU/value"))
        report.note(
            f"nightly {name}, {label}: {wall / days:.1f} s wall, {cpu / days:.1f} s CPU a day"
        )


def read_back(report: Report, county: County, label: str) -> None:
    """Values as they were sent, through the store, to the last digit."""
    picked = Random(2).sample(county.sent, min(READ_BACK, len(county.sent)))
    equal = 0
    for sent in picked:
        at = datetime.fromtimestamp(sent.at / 1000, UTC)
        until = at + timedelta(milliseconds=1)
        found = county.house.store.summarise(sent.metric, MEAN, [], at, until, sent.where)
        equal += [s.value for s in found.values()] == [sent.value]
    report.add(Figure(f"values read back equal, {label}", equal, f"of {len(picked)}"))
    if equal != len(picked):
        raise RuntimeError(f"only {equal} of {len(picked)} values came back equal")


def ask(report: Report, name: str, question: Callable[[], object]) -> None:
    """Medians; the first round, which opens the files, does not count."""
    question()
    rounds = [costs(question) for _ in range(ROUNDS)]
    report.add(Figure(f"{name}: wall", median(wall for wall, _ in rounds) * 1000, "ms"))
    report.add(Figure(f"{name}: CPU", median(cpu for _, cpu in rounds) * 1000, "ms"))


def ask_many_agents(report: Report, county: County) -> None:
    store, until = county.house.store, START + DAY
    count = f"{len(county.agents)} agents"
    ask(
        report, f"a1 mean per school, 24 h, {count}",
        lambda: store.summarise(CPU_SHARE, MEAN, ["school"], START, until, {}),
    )  # fmt: skip
    ask(
        report, f"a2 p95 per school, 24 h, {count}",
        lambda: store.summarise(CPU_SHARE, P95, ["school"], START, until, {}),
    )  # fmt: skip
    metrics = [
        (
            MetricRef(name, m.name),
            ["school", "agent", "target", *sorted(county.catalog[name].labels)],
        )
        for name in PROBES
        for m in county.catalog[name].measures
    ]
    ask(
        report, f"c latest of all {count}, all metrics",
        lambda: [store.latest(metric, by, {}) for metric, by in metrics],
    )  # fmt: skip
    one = {"school": county.school(0)}
    ask(
        report, f"c latest of one school of {count}",
        lambda: [store.latest(metric, by, one) for metric, by in metrics],
    )  # fmt: skip


def ask_many_days(report: Report, county: County, days: int) -> None:
    store, until = county.house.store, START + days * DAY
    one = {"agent": county.agents[0], "target": "platform"}
    five, week = timedelta(minutes=5), until - min(7, days) * DAY
    ask(
        report, f"b 5-min means of one series, {min(7, days)} d",
        lambda: store.series(ROUND_TRIP, MEAN, [], five, week, until, one),
    )  # fmt: skip
    ask(
        report, f"d1 availability per device, {days} d, from roll-ups",
        lambda: store.summarise(REACHABLE, MEAN, ["agent"], START, until, {}),
    )  # fmt: skip
    share = Statistic.parse("time_share(>=1)")
    ask(
        report, f"d2 availability per device, {days} d, from readings",
        lambda: store.summarise(REACHABLE, share, ["agent"], START, until, {}),
    )  # fmt: skip
    ask(
        report, f"d3 the same in lessons only, {days} d, from roll-ups",
        lambda: store.summarise(REACHABLE, MEAN, ["agent"], START, until, {}, "lesson"),
    )  # fmt: skip


def describe(report: Report, catalog: Catalog) -> None:
    """The fewest bytes that any lossless form of such data could take."""
    agents, minutes = 1000, 480
    schools = Schools(minute_of(catalog, PROBES), agents, seed=3)
    values, instants, count = 0.0, 0.0, 0
    for number, series in enumerate(schools.minute):
        late = schools.instants(number, 0, minutes) - MINUTE_MS * np.arange(minutes)
        instants += entropy_of(late - late.min(axis=1, keepdims=True))
        values += sum(entropy_of(schools.values(number, m, minutes)) for m in series.metrics)
        count += len(series.metrics)
    report.note(
        f"data: {count} values in {len(schools.minute)} readings a minute an agent; mean entropy "
        f"{values / count:.2f} bits a value, and {instants / len(schools.minute):.2f} bits an "
        f"instant; floor {values / 8 / count:.3f} B/value, "
        f"with instants {(values + instants) / 8 / count:.3f}"
    )


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, nargs=2, default=(100, 30), metavar=("AGENTS", "DAYS"))
    parser.add_argument("--many", type=int, nargs=2, default=(2000, 1), metavar=("AGENTS", "DAYS"))
    args = parser.parse_args()
    report, catalog = Report("store"), discover()
    describe(report, catalog)
    for agents, days in (args.many, args.few):
        label = f"{agents} agents x {days} d"
        with county(catalog, agents, minute_of(catalog, PROBES)) as each:
            keep(report, each, label, days)
            read_back(report, each, label)
            if (agents, days) == tuple(args.many):
                ask_many_agents(report, each)
            else:
                ask_many_days(report, each, days)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
