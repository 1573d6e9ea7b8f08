"""What it costs to tell an engine: CPU of ours per sample, from the journal and from the archive.

The way is the product's: hot window or Parquet, periods and counties joined, lines made, written
through influxdb-client into VictoriaMetrics, and the cursor committed. Beside it the client's own
way, one Point object a reading. Run: make bench-export
"""

from __future__ import annotations

import itertools
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from collector.export.engine import Engine
from collector.export.exporter import Exporter
from collector.export.sending import LINES_PER_WRITE, Sender
from collector.export.stored import StoredLines
from collector.store import SchoolPeriod
from collector.store.arrival import Arrival
from collector.store.storehouse import Storehouse
from config.collector_settings import ExportSettings
from probes.catalog import discover
from probes.wire import Record, digest, pack
from tests.bench import peers
from tests.bench.ingest import PROBES
from tests.bench.process import cpu_seconds
from tests.bench.report import Figure, Report, compared
from tests.bench.school_data import MINUTE_MS, School, minute_of
from tests.collector.store.stock import keep

START = datetime(2026, 3, 2, tzinfo=UTC)
SAMPLES_PER_WRITE = 6000
AGENTS, MINUTES, SCHOOLS = 1000, 5, 100
POINT_AGENTS = 100
AIM = "value <= 2"


class Silent:
    """No verdicts: what is measured is the readings."""

    def at(self) -> datetime | None:
        return None

    def lines(self, since: datetime) -> list[str]:
        return []


class Site:
    """A store with readings, and what tells an engine of them."""

    def __init__(self, folder: Path, url: str, agents: int, minutes: int) -> None:
        self.catalog = discover()
        self.house = Storehouse(folder, self.catalog, milliseconds)
        self.samples = self.rows = 0
        series = minute_of(self.catalog, PROBES)
        schools = [School(series, seed) for seed in range(agents)]
        self.records = [self._minute(schools, m) for m in range(minutes)]
        self.house.store.set_periods(timetable())
        house = self.house
        self.stored = StoredLines(
            self.catalog, house.cursor(), house.views, house.archive, house.timetable
        )
        self.stored.set_counties({school_code(n): "340199" for n in range(SCHOOLS)})
        self.engine = Engine(ExportSettings(url=url))

    def _minute(self, schools: Sequence[School], minute: int) -> list[list[Record]]:
        at = round(START.timestamp() * 1000) + minute * MINUTE_MS
        found = [list(school.minute(at)) for school in schools]
        keep(self.house, [self._arrival(n, records, at) for n, records in enumerate(found)])
        return found

    def _arrival(self, agent: int, records: Sequence[Record], at: int) -> Arrival:
        self.rows += len(records)
        self.samples += sum(len(r.values) for r in records)
        body = pack(records, {})
        return Arrival(
            agent=f"{agent:032x}", school=school_code(agent), session="bench", seq=self.rows,
            sha256=digest(body), body=body, received=at + 1000, base=0,
        )  # fmt: skip

    def cost(self, each: int, owe: Callable[[Exporter], object]) -> float:
        """CPU of this process per sample, in us, until all that is owed is told."""
        exporter = Exporter(
            self.house.journal, self.house.writer, self.stored, Silent(), self.engine,
            Sender(self.engine, each), 5.0, milliseconds, time.monotonic,
        )  # fmt: skip
        owe(exporter)
        before = time.process_time()
        while exporter.round() == 0.0:
            pass
        return (time.process_time() - before) / self.samples * 1e6


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def school_code(agent: int) -> str:
    return f"99{agent % SCHOOLS:08d}"


def timetable() -> list[SchoolPeriod]:
    """Forty days of an hour's lesson and an hour without, at each school."""
    hour = timedelta(hours=1)
    return [
        SchoolPeriod(school_code(n), START + 2 * h * hour, START + (2 * h + 1) * hour, "lesson")
        for n, h in itertools.product(range(SCHOOLS), range(480))
    ]


def points_cost(url: str, records: Sequence[Sequence[Record]]) -> float:
    """The client's own way: a Point a reading, serialised and written by it; us per sample."""
    from influxdb_client.client.influxdb_client import InfluxDBClient
    from influxdb_client.client.write import point as written
    from influxdb_client.client.write_api import SYNCHRONOUS

    new: Any = written.Point
    client: Any = InfluxDBClient(url, token="none", org="bench")
    write = client.write_api(write_options=SYNCHRONOUS).write
    samples = sum(len(r.values) for of_agent in records for r in of_agent)
    before = time.process_time()
    points = []
    for number, of_agent in enumerate(records):
        for record in of_agent:
            point = new(record.probe).tag("county", "340199").tag("school", school_code(number))
            point.tag("agent", f"{number:032x}").tag("target", record.target)
            point.tag("version", "1").tag("period", "lesson").field("outcome_code", 1.0)
            for name, value in record.values.items():
                point.field(name, value)
            points.append(point.time(record.at, "ms"))
    write("bench", record=points, write_precision="ms")
    spent = time.process_time() - before
    client.close()
    return spent / samples * 1e6


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--minutes", type=int, default=MINUTES)
    args = parser.parse_args()
    report = Report("export")
    with ExitStack() as stack:
        server = stack.enter_context(peers.victoria())
        folder = stack.enter_context(TemporaryDirectory(prefix="banjun-bench-"))
        url = f"http://127.0.0.1:{server.port}"
        print(f"generating {args.agents} agents x {args.minutes} minutes …", flush=True)
        site = Site(Path(folder), url, args.agents, args.minutes)
        stack.callback(site.house.close)
        measure(report, site, url, server.pid, args.rounds)
    return report.finish()


def measure(report: Report, site: Site, url: str, pid: int, rounds: int) -> None:
    per_line = site.samples / site.rows
    each = max(1, round(SAMPLES_PER_WRITE / per_line))
    report.note(f"{site.samples:,} samples in {site.rows:,} lines, {per_line:.1f} samples a line")
    journal = lambda exporter: again(site)  # noqa: E731
    small: list[float] = []
    large: list[float] = []
    points: list[float] = []
    served = cpu_seconds(pid)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds} …", flush=True)
        small.append(site.cost(each, journal))
        large.append(site.cost(LINES_PER_WRITE, journal))
        points.append(points_cost(url, site.records[0][:POINT_AGENTS]))
    spent = cpu_seconds(pid) - served
    unit, peer = "us CPU/sample", "influxdb-client Points"
    report.add(compared("from the journal, 6,000 samples a write", unit, small, peer, points, AIM))
    report.add(
        compared(f"from the journal, {LINES_PER_WRITE} lines a write", unit, large, peer, points)
    )
    sealed = [site.cost(each, seal_and_owe(site)) for _ in range(rounds)]
    report.add(Figure("from the archive, 6,000 samples a write", median(sealed), unit, aim=AIM))
    report.note(
        f"VictoriaMetrics spent {spent / (2 * rounds * site.samples) * 1e6:.2f} us a sample on it"
    )


def again(site: Site) -> None:
    with site.house.journal.debts() as debts:
        debts.begin()
        debts.unsend(1)


def seal_and_owe(site: Site) -> Callable[[Exporter], object]:
    site.house.seal()
    return lambda exporter: exporter.owe_all(START.date())


if __name__ == "__main__":
    sys.exit(main())
