"""What it costs to receive: CPU per push, beside VictoriaMetrics taking the same samples.

A push of ours is authenticated, checked against the catalog, deduplicated, committed with fsync and
made queryable; VictoriaMetrics takes line protocol without any of these. Run: make bench-ingest
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from probes.boot import up_milliseconds
from probes.catalog import discover
from probes.wire import MSGPACK, VERSION, Batch, Push, Record, digest, encode, pack
from tests.bench import peers
from tests.bench.load import Connection, Outcome, Request, connect, pace, saturate
from tests.bench.peers import Enrolled, Server
from tests.bench.process import cpu_seconds, resident_megabytes
from tests.bench.report import Figure, Report, compared
from tests.bench.school_data import MINUTE_MS, School, entropy_bits, minute_of

PROBES = ("interface_rate", "host_resources", "icmp_echo", "tcp_connect", "uptime")
SIZES = (60, 300)
SATURATED = {60: 40, 300: 16}
"""Pushes per connection in a saturated round."""
PACE = 333.0
PACED = 10
"""Pushes per connection in a paced round."""
CONNECTIONS = 256
READ_BACK = 1000


@dataclass(frozen=True, slots=True)
class Load:
    """Pushes of one agent in both forms, oldest first."""

    enrolled: Enrolled
    samples: list[Record]  # one of each push, to be asked for again
    batches: list[Batch]
    lines: list[bytes]


def records_of(school: School, samples: int, at: int) -> tuple[list[Record], int]:
    """Readings with exactly `samples` values, and the minute after them."""
    found: list[Record] = []
    missing = samples
    while missing:
        for record in school.minute(at):
            if missing and len(record.values) > missing:
                record.values = dict(islice(record.values.items(), missing))
            if missing:
                found.append(record)
                missing -= len(record.values)
        at += MINUTE_MS
    return found, at


def loads(agents: Sequence[Enrolled], samples: int, pushes: int, seed: int) -> list[Load]:
    """`pushes` per agent; each agent has its own data, and all lie within the last day."""
    catalog = discover()
    minute = minute_of(catalog, PROBES)
    metrics = {n: {m.name: m for m in p.measures} for n, p in catalog.items()}
    boot = round(time.time() * 1000) - up_milliseconds()
    found = []
    dice = random.Random(seed)
    for number, enrolled in enumerate(agents):
        school = School(minute, seed * 100_000 + number)
        at = round(time.time() * 1000) - 20 * 3600 * 1000 + (number * 617) % MINUTE_MS
        load = Load(enrolled, [], [], [])
        for seq in range(pushes):
            records, at = records_of(school, samples, at)
            for record in records:
                record.up = record.at - boot
            body = pack(records, metrics)
            load.samples.append(dice.choice(records))
            load.batches.append(
                Batch(
                    session=f"{seed:04d}-{number:08d}",
                    seq=seq,
                    boot="bench",
                    sha256=digest(body),
                    body=body,
                )
            )
            load.lines.append(lines_of(records, enrolled))
        found.append(load)
    return found


def lines_of(records: Sequence[Record], enrolled: Enrolled) -> bytes:
    """The same samples as line protocol, one line per reading."""
    lines = []
    for record in records:
        tags = {"school": enrolled.school, "agent": enrolled.agent, "target": record.target}
        named = ",".join(f"{k}={v}" for k, v in {**tags, **record.labels}.items())
        fields = ",".join(f"{k}={v!r}" for k, v in record.values.items())
        lines.append(f"{record.probe},{named} {fields} {record.at}")
    return "\n".join(lines).encode()


def our_requests(load: Load) -> Iterator[Request]:
    head = (
        "POST /v1/push HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {load.enrolled.agent}.{load.enrolled.key}\r\n"
        f"Content-Type: {MSGPACK}\r\nContent-Length: "
    ).encode()

    def make(batch: Batch) -> bytes:
        body = encode(
            Push(
                v=VERSION,
                school=load.enrolled.school,
                session=batch.session,
                boot="bench",
                wall=time.time_ns() // 1_000_000,
                up=up_milliseconds(),
                batches=[batch],
            )
        )
        return head + str(len(body)).encode() + b"\r\n\r\n" + body

    return (lambda batch=batch: make(batch) for batch in load.batches)  # type: ignore[misc]


def their_requests(load: Load) -> Iterator[Request]:
    head = b"POST /api/v2/write?precision=ms HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
    return (
        lambda lines=lines: head + str(len(lines)).encode() + b"\r\n\r\n" + lines  # type: ignore[misc]
        for lines in load.lines
    )


def stored(head: bytes, body: bytes) -> None:
    if b" 200 " not in head or b"stored" not in body:
        raise RuntimeError((head + body).decode(errors="replace"))


def no_content(head: bytes, body: bytes) -> None:
    if b" 204 " not in head:
        raise RuntimeError((head + body).decode(errors="replace"))


class Lane:
    """One server with its connections and what is still to be sent to it."""

    def __init__(self, server: Server, settle: float, connections: list[Connection]) -> None:
        self.server = server
        self._settle = settle
        self._connections = connections
        self.queues: list[Iterator[Request]] = []

    async def measure(self, drive: Callable[..., object], *given: float) -> tuple[float, Outcome]:
        """CPU microseconds of the server per answered push."""
        before = cpu_seconds(self.server.pid)
        outcome = await drive(self._connections, self.queues, *given)  # type: ignore[misc]
        # What was put off counts too: filling the window, merging parts in memory.
        await asyncio.sleep(self._settle)
        assert isinstance(outcome, Outcome)
        return (cpu_seconds(self.server.pid) - before) / outcome.answered * 1e6, outcome


async def lane(server: Server, accept: Callable[[bytes, bytes], None], count: int) -> Lane:
    return Lane(server, 3.0, await connect(server.port, count, accept))


async def compare(report: Report, samples: int, rounds: int, seal_every: float | None) -> None:
    """Saturated, then paced; ours and theirs in turn, with the same samples."""
    sealing = "without sealing" if seal_every is None else "with sealing"
    push_count = SATURATED[samples] * (rounds + 1) + PACED * rounds
    with (
        peers.collector(CONNECTIONS, seal_every or 7200.0) as (server, agents),
        peers.victoria() as vm,
    ):
        every = loads(agents, samples, push_count, seed=samples)
        ours = await lane(server, stored, CONNECTIONS)
        theirs = await lane(vm, no_content, CONNECTIONS)
        ours.queues = [our_requests(load) for load in every]
        theirs.queues = [their_requests(load) for load in every]
        for each in (ours, theirs):  # every series exists, every cache is warm
            await each.measure(saturate, SATURATED[samples])
        label = f"{samples} samples, {sealing}"
        full = await alternate(ours, theirs, rounds, saturate, SATURATED[samples])
        aim = {60: "ratio <= 1.5", 300: "ratio <= 1.0"}[samples] if seal_every is None else None
        report.add(compared(f"saturated, {label}", CPU, costs(full, 0), VM, costs(full, 1), aim))
        report.add(
            compared(f"saturated, {label}: rate", "push/s", rates(full, 0), VM, rates(full, 1))
        )
        slow = await alternate(ours, theirs, rounds, pace, PACE, PACED)
        aim = "ratio <= 1.5" if seal_every is None else None
        report.add(
            compared(f"paced {PACE:.0f}/s, {label}", CPU, costs(slow, 0), VM, costs(slow, 1), aim)
        )
        p99 = max(pair[0][1].percentile(0.99) for pair in slow) * 1000
        report.add(
            Figure(f"paced {PACE:.0f}/s, {label}: p99 answer", p99, "ms", aim="value <= 300")
        )
        report.add(
            compared(
                f"resident after it, {label}",
                "MB",
                [resident_megabytes(server.pid)],
                VM,
                [resident_megabytes(vm.pid)],
            )
        )
        read_back(report, server, every, label)


Round = tuple[tuple[float, Outcome], tuple[float, Outcome]]
CPU = "us CPU/push"
VM = "VictoriaMetrics"


async def alternate(
    ours: Lane, theirs: Lane, rounds: int, drive: Callable[..., object], *given: float
) -> list[Round]:
    return [
        (await ours.measure(drive, *given), await theirs.measure(drive, *given))
        for _ in range(rounds)
    ]


def costs(found: Sequence[Round], whose: int) -> list[float]:
    return [pair[whose][0] for pair in found]


def rates(found: Sequence[Round], whose: int) -> list[float]:
    return [pair[whose][1].answered / pair[whose][1].seconds for pair in found]


def describe(report: Report) -> None:
    """The entropy that a day of such data really has."""
    minute = minute_of(discover(), PROBES)
    series: dict[tuple[int, str, str, str, str], list[float]] = {}
    for number in range(5):
        school = School(minute, number)
        for step in range(1440):
            for r in school.minute(step * MINUTE_MS):
                for name, value in r.values.items():
                    key = (number, r.probe, r.target, str(r.labels), name)
                    series.setdefault(key, []).append(value)
    bits = [entropy_bits(values) for values in series.values()]
    report.note(
        f"data: {len(bits) // 5} series an agent, mean empirical entropy "
        f"{sum(bits) / len(bits):.2f} bits a value, highest {max(bits):.2f}"
    )


def read_back(report: Report, server: Server, every: Sequence[Load], label: str) -> None:
    """Random samples of what was sent and acknowledged, asked for again from the data directory."""
    acknowledged = acknowledged_batches(server.folder)
    dice = random.Random(1)
    sent = [
        (load.enrolled.agent, record)
        for load in every
        for batch, record in zip(load.batches, load.samples, strict=True)
        if (load.enrolled.agent, batch.session, batch.seq) in acknowledged
    ]
    chosen = dice.choices(sent, k=READ_BACK)
    picked = [(agent, r, dice.choice(list(r.values))) for agent, r in chosen]
    found = answers(server, picked)
    pairs = zip(found, picked, strict=True)
    equal = sum(a is not None and abs(a - r.values[m]) < 1e-9 for a, (_, r, m) in pairs)
    report.add(Figure(f"samples read back equal, {label}", equal, f"of {READ_BACK}"))
    if equal != READ_BACK:
        raise RuntimeError(f"only {equal} of {READ_BACK} samples came back equal")


def acknowledged_batches(folder: Path) -> set[tuple[str, str, int]]:
    """What the journal and the marks of sealed batches say was stored."""
    import sqlite3

    with sqlite3.connect(f"file:{folder / 'journal.sqlite3'}?mode=ro", uri=True) as db:
        found = set(db.execute("SELECT agent, session, seq FROM batch"))
        for agent, session, intervals in db.execute("SELECT agent, session, intervals FROM seen"):
            for first, last in json.loads(intervals):
                found |= {(agent, session, n) for n in range(first, last + 1)}
    return found


def answers(server: Server, picked: Sequence[tuple[str, Record, str]]) -> list[float | None]:
    """Through the store's own query interface: one minute, one series, one value."""
    key = (server.folder / "admin.key").read_text().strip()
    found: list[float | None] = []
    from urllib.request import Request as HttpRequest

    for agent, record, metric in picked:
        at = datetime.fromtimestamp(record.at / 1000, UTC)
        until = datetime.fromtimestamp((record.at + 1) / 1000, UTC)
        where = [f"agent:{agent}", f"target:{record.target}"]
        where += [f"{k}:{v}" for k, v in record.labels.items()]
        query = urlencode(
            [
                ("metric", f"{record.probe}.{metric}"),
                ("statistic", "mean"),
                ("since", at.isoformat()),
                ("until", until.isoformat()),
                *(("where", w) for w in where),
            ]
        )
        url = f"http://127.0.0.1:{server.port}/v1/query?{query}"
        answer = urlopen(HttpRequest(url, headers={"Authorization": f"Bearer {key}"}), timeout=60)
        rows = json.load(answer)
        found.append(rows[0]["value"] if rows else None)
    return found


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-sealing", action="store_true", help="without the lines with sealing")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    args = parser.parse_args()
    report = Report("ingest")
    report.note(peers.victoria_version())
    describe(report)
    import uvloop

    for samples in args.sizes:
        for seal_every in (None,) if args.no_sealing else (None, 5.0):
            uvloop.run(compare(report, samples, args.rounds, seal_every))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
