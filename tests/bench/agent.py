"""`make bench-agent`: memory and processor time of the agent on the PC schedule, over TLS, beside
other agents from Debian in the same minutes; and which import costs what.

Measured from half a minute after all have started, so that no start counts; the start of ours is a
line of its own. What `alone` means is in process.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.health import read_status
from collector.fleet.schedule import load_schedule
from probes.catalog import discover
from probes.model import Role
from tests.bench.agent_peers import PEERS, Peer
from tests.bench.agent_site import site, start_agent
from tests.bench.process import Footprint, footprint, tree_cpu_seconds
from tests.bench.report import Figure, Report
from tests.import_record import record

SECONDS = 180.0
SETTLE = 30.0
MINUTE = 60.0
AIMS = {
    "resident": "value <= 45",
    "proportional": "value <= 36",
    "CPU": "value <= 0.15",
}
MOST_LIBRARIES = 14


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    seconds = parser.parse_args().seconds
    report = Report("agent")
    with ExitStack() as running:
        place = running.enter_context(site())
        peers = _start_peers(running, report)
        ours = start_agent(place, "run")
        running.callback(_stop, ours)
        time.sleep(SETTLE)
        _require_alive(ours, place)
        peers = [peer for peer in peers if _is_alive(peer, report)]
        started = tree_cpu_seconds(ours.pid)
        status = _status(place)
        before = {p.pid: tree_cpu_seconds(p.pid) for p in [ours, *(x.process for x in peers)]}
        began = time.monotonic()
        _ask_each_minute(peers, seconds)
        _require_alive(ours, place)
        passed = time.monotonic() - began
        _report(report, ours.pid, peers, before, passed)
        report.add(Figure("agent: CPU of start and first round", started, "CPU-s"))
        _note_what_ran(report, status, _status(place), passed)
    _report_imports(report)
    return report.finish()


def _start_peers(running: ExitStack, report: Report) -> list[Peer]:
    found = []
    for program, begin in PEERS.items():
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            report.note(f"absent: {program}; tests/bench/debian-packages.txt names its package")
            continue
        folder = Path(running.enter_context(TemporaryDirectory(prefix="banjun-bench-peer-")))
        peer = begin(folder)
        running.callback(_stop, peer.process)
        found.append(peer)
    return found


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ask_each_minute(peers: list[Peer], seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for peer in peers:
            peer.ask()
        time.sleep(min(left, MINUTE))


def _report(
    report: Report, ours: int, peers: list[Peer], before: dict[int, float], seconds: float
) -> None:
    costs = {pid: (tree_cpu_seconds(pid) - cpu) / seconds * 60 for pid, cpu in before.items()}
    memory = {pid: footprint(pid) for pid in before}
    mine = memory[ours]
    _own(report, mine, costs[ours])
    for peer in peers:
        theirs = memory[peer.process.pid]
        for name, value, other, unit in (
            ("resident", mine.resident, theirs.resident, "MiB"),
            ("proportional", mine.alone, theirs.proportional, "MiB"),
            ("CPU", costs[ours], costs[peer.process.pid], "CPU-s/min"),
        ):
            report.add(
                Figure(f"agent: {name}", value, unit, peer.name, other, value / max(other, 1e-9))
            )
        report.note(f"{peer.name}: {peer.about}; {theirs.processes} processes, {_version(peer)}")


def _own(report: Report, mine: Footprint, cpu: float) -> None:
    report.add(Figure("agent: resident", mine.resident, "MiB", aim=AIMS["resident"]))
    report.add(Figure("agent: proportional, alone", mine.alone, "MiB", aim=AIMS["proportional"]))
    report.add(Figure("agent: proportional, beside our collector", mine.proportional, "MiB"))
    report.add(Figure("agent: CPU", cpu, "CPU-s/min", aim=AIMS["CPU"]))
    report.note(f"agent: {mine.processes} process, {mine.threads} threads, TLS, PC schedule")


def _note_what_ran(
    report: Report, before: dict[str, Any], after: dict[str, Any], seconds: float
) -> None:
    runs = sum(after[k] - before[k] for k in ("runs_ok", "runs_failed", "runs_not_run"))
    pushes = after["pushes"] - before["pushes"]
    report.note(f"in {seconds:.0f} s: {runs} readings, {pushes} pushes")


def _status(place: Path) -> dict[str, Any]:
    status = read_status(place / "state")
    if status is None or not status["state"]["pushes"]:
        raise RuntimeError("the agent delivers nothing:\n" + (place / "agent.log").read_text())
    return dict(status["state"])


def _require_alive(process: subprocess.Popen[bytes], place: Path) -> None:
    if process.poll() is not None:
        raise RuntimeError((place / "agent.log").read_text())


def _is_alive(peer: Peer, report: Report) -> bool:
    if peer.process.poll() is None:
        return True
    report.note(f"did not run: {peer.name}")
    return False


def _version(peer: Peer) -> str:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", peer.package],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return asked.stdout or "version unknown"


def _report_imports(report: Report) -> None:
    """What a module costs that others need too falls on the one that asks first."""
    tasks = load_schedule(discover())[Role.PC].tasks
    scheduled = sorted({f"probes.instruments.{task.probe}" for task in tasks})
    found = record(["agent.__main__", "agent.commands.run", *scheduled, "psutil"])
    kib, ms = Counter[str](), Counter[str]()
    for module in found:
        kib[_library(module.name)] += module.resident_kib
        ms[_library(module.name)] += round(module.milliseconds * 1000)
    report.note(f"imports: {len(found)} modules, {sum(kib.values()) / 1024:.1f} MiB resident")
    for name, size in kib.most_common(MOST_LIBRARIES):
        report.add(Figure(f"import {name}, {ms[name] / 1000:.0f} ms", size / 1024, "MiB"))


def _library(module: str) -> str:
    """`_ssl` belongs to `ssl`, and so on."""
    return module.partition(".")[0].lstrip("_")


if __name__ == "__main__":
    sys.exit(main())
