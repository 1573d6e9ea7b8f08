"""How near to the truth `capacity` reads a line that is shaped to a known rate, and what it costs.

Network namespaces, a shaper (tbf) each way with 60 ms of queue, the real measurement server and
the real client. Beside it, once for each cell and under the same cross traffic: iperf3 and an NDT7
test, 10 s each. What was measured is kept in var/bench/capacity.jsonl and not measured again, so it
may be broken off and taken up. It needs root, iproute2, iperf3 and ping. Run: make bench-capacity
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.report import FOLDER, Figure, Report
from tests.lab.line import ETHERNET_BYTES, SERVER, Line, line, tbf

RATES = (5, 20, 50, 100, 300, 600, 1000)
"""Mbit/s of Ethernet frames, as the shaper counts."""
DIRECTIONS = ("down", "up")
RUNS = 5
KEPT = FOLDER / "capacity.jsonl"
PORT, NDT7_PORT, CROSS_PORT, PEER_PORT = 8423, 8080, 5201, 5202
PEER_SECONDS = 10
PACKET_BYTES = {"t1": 1428, "t2": 1500}
"""IP bytes of the packets by which a tier reads the line."""
MOST_BYTES = 800_000_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """What else goes on, and the aims: median and 95th percentile of the error.

    Attributes:
        cross: arguments of iperf3; {mbit} is the line's rate by `share`.
        tiers: the dearest that is allowed, run by run.
        fastest: Mbit/s up to which the aims are meant.
    """

    name: str
    median: float
    p95: float
    cross: str = ""
    share: float = 0.0
    tiers: tuple[str, ...] = ("t1",)
    fastest: float = 1000


CONDITIONS = (
    Condition("idle", 0.005, 0.02),
    Condition("udp30", 0.01, 0.03, "-u -l 1400 -b {mbit}M", 0.3),
    Condition("udp60", 0.01, 0.03, "-u -l 1400 -b {mbit}M", 0.6),
    Condition("tcp", 0.02, 0.05, "-P 2", tiers=("t2",), fastest=300),
    Condition("bucket", 0.05, 0.05, tiers=("t1", "t2")),
)
BUCKETS = (64_000, 256_000, 1_000_000, None, None)
"""Bytes, run by run; None = as much as the line carries in a second."""


@dataclass(frozen=True, slots=True)
class Cell:
    mbit: int
    condition: Condition
    direction: str

    @property
    def key(self) -> Row:
        return {"mbit": self.mbit, "condition": self.condition.name, "direction": self.direction}

    def __str__(self) -> str:
        return f"{self.mbit:>4} Mbit/s {self.condition.name:6} {self.direction:4}"


class Lab:
    """A line with the measurement server at its far end, and the school at the near one."""

    def __init__(self, made: Line, folder: Path) -> None:
        self.line = made
        self.secret = folder / "secret"
        self.secret.write_text("of this benchmark")

    def command(self, end: str, *words: str) -> list[str]:
        return ["ip", "netns", "exec", f"{self.line.name}-{end}", *words]

    @contextmanager
    def running(self, end: str, *words: str, out: int | Any = subprocess.DEVNULL) -> Iterator[None]:
        started = subprocess.Popen(self.command(end, *words), stdout=out, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            started.terminate()
            started.wait(10)

    @contextmanager
    def serving(self) -> Iterator[None]:
        words = (sys.executable, "-m", "collector", "measure", "--agents-port", f"{PORT}",
                 "--secret", f"{self.secret}", "--port", f"{NDT7_PORT}",
                 "--mbit", "100000", "--tests-per-hour", "10000")  # fmt: skip
        with ExitStack() as stack:
            stack.enter_context(self.running("server", *words))
            for end in ("server", "school"):
                for port in (CROSS_PORT, PEER_PORT):
                    stack.enter_context(self.running(end, "iperf3", "-s", "-p", f"{port}"))
            time.sleep(3)
            yield

    @contextmanager
    def crowded(self, cell: Cell) -> Iterator[None]:
        """Under the cross traffic of the cell, in its direction."""
        condition = cell.condition
        if not condition.cross:
            yield
            return
        words = condition.cross.format(mbit=cell.mbit * condition.share).split()
        reverse = ["-R"] if cell.direction == "down" else []
        client = ["iperf3", "-c", SERVER, "-p", f"{CROSS_PORT}", "-t", "600", *words, *reverse]
        with self.running("school", *client):
            time.sleep(3)
            yield


def measure(lab: Lab, cell: Cell, wanted: Sequence[int]) -> Iterator[Row]:
    """Runs of ours, each with the round trip that others had meanwhile."""
    for run in wanted:
        burst = BUCKETS[run % len(BUCKETS)] or cell.mbit * 125_000
        if cell.condition.name == "bucket":
            lab.line.shape(*[tbf(cell.mbit, burst=burst)] * 2)
            time.sleep(min(2.0, burst * 8 / cell.mbit / 1e6) + 0.2)
        tiers = cell.condition.tiers
        found = _one(lab, cell, tiers[run % len(tiers)])
        truth = _truth(cell.mbit, found["tier"])
        yield {**cell.key, "kind": "banjun", "run": run, "truth": truth, **found}


def _one(lab: Lab, cell: Cell, tier: str) -> Row:
    with TemporaryDirectory() as folder:
        pings = Path(folder) / "pings"
        with (
            pings.open("w") as out,
            lab.running("school", "ping", "-n", "-D", "-i", "0.01", "-s", "20", SERVER, out=out),
        ):
            ended = subprocess.run(
                lab.command("school", sys.executable, "-m", "tests.bench.capacity_runs",
                            cell.direction, tier, "1", SERVER, f"{PORT}", f"{lab.secret}",
                            f"{MOST_BYTES}"),
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
        if ended.returncode:
            raise RuntimeError(ended.stderr[-2000:])
        found: Row = json.loads(ended.stdout)
        return {**found, **_added(pings.read_text(), found["since"], found["until"])}


_PING = re.compile(r"^\[([0-9.]+)\].* time=([0-9.]+) ms", re.MULTILINE)


def _added(text: str, since: float, until: float) -> Row:
    """Milliseconds that a measurement added to others' round trips, and for what share of them."""
    trips = [(float(at), float(ms)) for at, ms in _PING.findall(text)]
    before = [ms for at, ms in trips if at < since + 0.3]
    during = [ms for at, ms in trips if since + 0.3 <= at <= until]
    if not before or not during:
        return {}
    added = [ms - median(before) for ms in during]
    return {"added_ms_max": max(added), "added_share": sum(a > 30 for a in added) / len(added)}


def _truth(mbit: float, tier: str) -> float:
    """IP bits/s of packets as that tier's, where the shaper counts Ethernet headers, too."""
    size = PACKET_BYTES.get(tier, 1428)
    return mbit * 1e6 * size / (size + ETHERNET_BYTES)


def iperf3(lab: Lab, cell: Cell) -> Row:
    reverse = ["-R"] if cell.direction == "down" else []
    ended = subprocess.run(
        lab.command("school", "iperf3", "-c", SERVER, "-p", f"{PEER_PORT}", "-t",
                    f"{PEER_SECONDS}", "-J", *reverse),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    end = json.loads(ended.stdout).get("end", {})
    if "sum_received" not in end:
        return {**cell.key, "kind": "iperf3", "run": 0, "rate": None, "bytes": None}
    rate, size = end["sum_received"]["bits_per_second"], end["sum_sent"]["bytes"]
    return {**cell.key, "kind": "iperf3", "run": 0, "rate": rate, "bytes": size}


def ndt7(lab: Lab, cell: Cell) -> Row:
    url = f"http://{SERVER}:{NDT7_PORT}/ndt/v7/{cell.direction}load"

    def run() -> Row:
        return asyncio.run(_ndt7(url))

    return {**cell.key, "kind": "ndt7", "run": 0, **lab.line.inside("school", run)}


async def _ndt7(url: str) -> Row:
    import aiohttp

    protocol, size, began, told = "net.measurementlab.ndt.v7", 0, 0.0, None
    async with aiohttp.ClientSession() as http:
        joined = http.ws_connect(url, protocols=[protocol], max_msg_size=1 << 24, compress=0)
        async with joined as socket:
            began = time.monotonic()
            sending = asyncio.create_task(_fill(socket)) if url.endswith("upload") else None
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    size += len(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    told = json.loads(message.data).get("TCPInfo") or told
            seconds = time.monotonic() - began
            if sending is not None:
                sending.cancel()
    if url.endswith("upload"):
        size, seconds = (told["BytesReceived"], told["ElapsedTime"] / 1e6) if told else (0, 1)
    return {"rate": size * 8 / seconds, "bytes": size}


async def _fill(socket: Any) -> None:
    data = os.urandom(1 << 17)
    while True:
        await socket.send_bytes(data)


def cells(args: Any) -> list[Cell]:
    return [
        Cell(mbit, condition, direction)
        for condition in CONDITIONS
        if not args.conditions or condition.name in args.conditions
        for mbit in args.rates or RATES
        for direction in DIRECTIONS
    ]


def kept() -> list[Row]:
    if not KEPT.exists():
        return []
    return [json.loads(row) for row in KEPT.read_text().splitlines()]


def work(lab: Lab, todo: Sequence[Cell], runs: int, peers: bool) -> None:
    have = {(*_key(row), row["kind"], row["run"]) for row in kept()}
    for number, cell in enumerate(todo, 1):
        key = _key(cell.key)
        missing = [run for run in range(runs) if (*key, "banjun", run) not in have]
        others = [peer for peer in (iperf3, ndt7) if (*key, peer.__name__, 0) not in have]
        if not missing and not (peers and others):
            continue
        lab.line.shape(*[tbf(cell.mbit)] * 2)
        with lab.crowded(cell):
            rows = [*measure(lab, cell, missing)]
            if peers:
                rows += [peer(lab, cell) for peer in others]
        with KEPT.open("a") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
        print(f"[{number}/{len(todo)}] {cell}: {_words(rows)}", flush=True)


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["mbit"], row["condition"], row["direction"]


def _words(rows: Sequence[Row]) -> str:
    return "  ".join(
        f"{row['kind'][:4]} {'-' if row['rate'] is None else format(row['rate'] / 1e6, '.4g')}"
        + (f" {row['tier']} {row['outcome']} {row['why']}" if row["kind"] == "banjun" else "")
        for row in rows
    )


def error(row: Row) -> float:
    return float(row["rate"] / row["truth"] - 1)


def report(rows: Sequence[Row]) -> int:
    made = Report("capacity")
    for condition in CONDITIONS:
        of = [r for r in rows if r["condition"] == condition.name and r["kind"] == "banjun"]
        if of:
            _condition(made, condition, of, rows)
    return made.finish()


def _condition(made: Report, condition: Condition, of: Sequence[Row], rows: Sequence[Row]) -> None:
    name = condition.name
    within = [row for row in of if row["mbit"] <= condition.fastest]
    valid = [abs(error(row)) for row in within if row["outcome"] == "valid"]
    outcomes = {o: sum(row["outcome"] == o for row in within) for o in
                ("valid", "lower_bound", "inconclusive", "blocked")}  # fmt: skip
    made.note(f"{name}: {len(within)} runs up to {condition.fastest:g} Mbit/s: {outcomes}")
    if len(valid) > 1:
        p95 = quantiles(valid, n=20, method="inclusive")[-1]
        for what, value, aim in (
            ("median", median(valid), condition.median), ("p95", p95, condition.p95)
        ):  # fmt: skip
            made.add(_percent(f"{name}: {what} error", value, aim))
    told = [error(row) for row in of if row["rate"] is not None]
    if told:
        made.add(_percent(f"{name}: highest above the truth", max(told), 0.05))
    _costs(made, condition, of, rows)


def _costs(made: Report, condition: Condition, of: Sequence[Row], rows: Sequence[Row]) -> None:
    for low, high, aim in ((0, 99, 0.05), (100, 10_000, 0.01)):
        ratios, errors = [], dict[str, list[float]]()
        for row in of:
            if not low <= row["mbit"] <= high:
                continue
            for peer in rows:
                if peer["kind"] == "banjun" or _key(peer) != _key(row) or not peer["rate"]:
                    continue
                errors.setdefault(peer["kind"], []).append(peer["rate"] / row["truth"] - 1)
                if peer["kind"] == "ndt7":
                    ratios.append(row["bytes"] / peer["bytes"])
        if not ratios:
            continue
        bound = aim if condition.name == "idle" else None
        name = f"{condition.name}: bytes / NDT7's, {low or 5} to {min(high, 1000)} Mbit/s"
        made.add(_percent(name, median(ratios), bound))
        for peer_name, those in errors.items():
            made.note(f"    {peer_name} reads {median(those):+.1%} (median) there")
    shares = [row["added_share"] for row in of if "added_share" in row]
    if shares:
        most = max(row["added_ms_max"] for row in of if "added_ms_max" in row)
        made.note(f"    others' round trip: {sum(shares) / len(shares):.2%} of it above +30 ms, "
                  f"at most +{most:.0f} ms")  # fmt: skip


def _percent(name: str, ratio: float, aim: float | None) -> Figure:
    return Figure(name, 100 * ratio, "%", aim=None if aim is None else f"value <= {100 * aim:g}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = ArgumentParser(prog="make bench-capacity", description=__doc__)
    parser.add_argument("--rates", type=int, nargs="*", help="Mbit/s; all unless given")
    parser.add_argument("--conditions", nargs="*", choices=[c.name for c in CONDITIONS])
    parser.add_argument("--runs", type=int, default=RUNS, help="of each cell")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    args = parser.parse_args(arguments)
    if os.geteuid():
        print("需要 root：要建网络命名空间 · needs root, to make network namespaces")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    if args.fresh:
        KEPT.unlink(missing_ok=True)
    with line() as made, TemporaryDirectory() as folder:
        lab = Lab(made, Path(folder))
        lab.line.shape(*[tbf(1000)] * 2)
        with lab.serving():
            work(lab, cells(args), args.runs, not args.no_peers)
    return report(kept())


if __name__ == "__main__":
    sys.exit(main())
