"""`make bench-snmp`: what it costs to poll 30 switches of 28 ports for eight columns each minute,
beside `snmpbulkwalk` in the same run; and what ten silent ones among them do to the rest.

The processor time is that of whole processes, with their start and their imports: it is what an
interval costs. The simulator's is not in it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from probes import apart
from probes.instruments.snmp_interfaces import InterfaceSettings, SnmpInterfaces
from probes.model import LOCAL
from probes.snmp.answer import Answer, Wanted, answer_from_json, wanted_as_json
from probes.snmp.device import Device
from probes.snmp.interfaces import COLUMNS
from tests.bench.process import MEBIBYTE, family
from tests.bench.report import Figure, Report, compared
from tests.bench.snmp_switches import switches
from tests.fakes.snmpsim import copy, served

SWITCHES, PORTS, SILENT = 30, 28, 10
EIGHT = (
    "name", "oper", "high_speed", "hc_in_octets", "hc_out_octets", "in_errors", "out_errors",
    "in_discards",
)  # fmt: skip
INTERVAL = 60.0
ROUNDS = 5
COMMUNITY = "school"
RECORDED = "network/switch/ruijie-s5750-24gt12sfp"
PEER = "snmpbulkwalk"
AT_ONCE = 8
"""Processes of the peer at the same time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one round. `processor`: of this process and of all that it started, in seconds."""

    processor: float
    wall: float


def measured(work: Callable[[], object]) -> Cost:
    began, used = time.monotonic(), _processor()
    work()
    return Cost(_processor() - used, time.monotonic() - began)


def _processor() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


class Peak(threading.Thread):
    """The largest memory that any process of `module` below this one had, in MiB."""

    def __init__(self, module: str) -> None:
        super().__init__(daemon=True)
        self._module = module
        self._over = threading.Event()
        self.mebibytes = 0.0

    def run(self) -> None:
        while not self._over.wait(0.005):
            for pid in family(os.getpid())[1:]:
                self.mebibytes = max(self.mebibytes, self._of(pid))

    def _of(self, pid: int) -> float:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:  # it has just ended
            return 0.0
        if self._module.encode() not in command:
            return 0.0
        return next((int(x.split()[1]) / MEBIBYTE for x in lines if x.startswith("VmHWM:")), 0.0)

    def stop(self) -> float:
        self._over.set()
        self.join()
        return self.mebibytes


def devices(ports: Sequence[int]) -> list[Device]:
    return [
        Device(name=f"sw{at}", host="127.0.0.1", port=port, community=COMMUNITY)
        for at, port in enumerate(ports)
    ]


def ask(asked: Sequence[Device], timeout: float = 2.0) -> dict[str, Answer]:
    """Eight columns of all, as an instrument asks."""
    wanted = Wanted(tables={"ports": {name: COLUMNS[name] for name in EIGHT}})
    question: dict[str, Any] = {
        "devices": [device.as_json() for device in asked],
        "wanted": wanted_as_json(wanted),
        "timeout": timeout, "tries": 2, "at_once": 64, "device_seconds": 20.0, "run_seconds": 40.0,
    }  # fmt: skip
    told = asyncio.run(apart.ask("probes.snmp", question, 60.0))
    return {name: answer_from_json(data) for name, data in told.items()}


def check(answers: dict[str, Answer], count: int) -> None:
    whole = [a for a in answers.values() if not a.reason and len(a.tables["ports"].rows) == PORTS]
    values = sum(len(row) for a in whole for row in a.tables["ports"].rows.values())
    if (len(whole), values) != (count, count * PORTS * len(EIGHT)):
        raise RuntimeError(f"{len(whole)} devices answered in full, {values} values")


def walk(ports: Sequence[int]) -> None:
    """The same by net-snmp: a process for each device and column."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lines = sum(pool.map(_walk_one, [(port, name) for port in ports for name in EIGHT]))
    if lines != len(ports) * PORTS * len(EIGHT):
        raise RuntimeError(f"{PEER}: {lines} values")


def _walk_one(what: tuple[int, str]) -> int:
    port, name = what
    done = subprocess.run(
        [PEER, "-v2c", f"-c{COMMUNITY}", "-m", "", "-On", f"-Cr{PORTS}", f"127.0.0.1:{port}",
         COLUMNS[name]],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return len(done.stdout.splitlines())


def main() -> int:
    report = Report("snmp")
    with ExitStack() as running:
        ports = running.enter_context(switches(SWITCHES, PORTS))
        check(ask(devices(ports)), SWITCHES)  # the simulator makes its answers
        ours, theirs, peak = _rounds(ports, report)
        share = median(cost.processor for cost in ours) / INTERVAL
        report.add(Figure("poll: share of a core at 60 s", share * 100, "%", aim="value <= 10"))
        if theirs:
            report.add(
                compared("poll: processor time", "CPU-s", [c.processor for c in ours], PEER,
                         [c.processor for c in theirs])
            )  # fmt: skip
            report.add(
                compared("poll: wall", "s", [c.wall for c in ours], PEER, [c.wall for c in theirs])
            )
        report.add(Figure("poll: most memory of its process", peak, "MiB", aim="value <= 120"))
        _instrument(ports, report)
        _with_silent(ports, running, report)
        _by_v3(running, report)
    report.note(f"{SWITCHES} switches, {PORTS} ports, {len(EIGHT)} columns; answers are kept by "
                "tests/bench/snmp_switches.py, which is a process of its own")  # fmt: skip
    return report.finish()


def _rounds(ports: Sequence[int], report: Report) -> tuple[list[Cost], list[Cost], float]:
    has_peer = shutil.which(PEER) is not None
    if not has_peer:
        report.note(f"absent: {PEER} (apt install snmp)")
    peak = Peak("probes.snmp")
    peak.start()
    memory = measured(lambda: check(ask(devices(ports)), SWITCHES))
    most = peak.stop()
    report.note(f"one round while its memory was watched: {memory.wall:.2f} s")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(measured(lambda: check(ask(devices(ports)), SWITCHES)))
        if has_peer:
            theirs.append(measured(lambda: walk(ports)))
    return ours, theirs, most


def _instrument(ports: Sequence[int], report: Report) -> None:
    """The whole of snmp_interfaces: twenty columns, and rates in the agent."""
    rows = tuple(device.as_json() for device in devices(ports))
    probe = SnmpInterfaces(InterfaceSettings(devices=rows))
    costs = []
    for _ in range(ROUNDS):
        costs.append(measured(lambda: asyncio.run(probe.measure(LOCAL))))
    share = median(cost.processor for cost in costs) / INTERVAL * 100
    report.add(Figure("snmp_interfaces: share of a core at 60 s", share, "%", aim="value <= 10"))


def _with_silent(ports: Sequence[int], running: ExitStack, report: Report) -> None:
    """A third of the devices take requests and never answer."""
    deaf = [running.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(SILENT)]  # fmt: skip
    for opened in deaf:
        opened.bind(("127.0.0.1", 0))
    silent = [int(opened.getsockname()[1]) for opened in deaf]
    mixed = [*silent, *ports[SILENT:]]
    began = time.monotonic()
    answers = ask(devices(mixed))
    wall = time.monotonic() - began
    check({name: a for name, a in answers.items() if not a.reason}, SWITCHES - SILENT)
    last = max(max(a.tables["ports"].at.values()) for a in answers.values() if not a.reason)
    report.add(Figure("a third silent: the others were read after", last - began, "s"))
    report.add(Figure("a third silent: the round was over after", wall, "s"))
    rows = tuple(device.as_json() for device in devices(mixed))
    probe = SnmpInterfaces(InterfaceSettings(devices=rows))
    walls = [measured(lambda: asyncio.run(probe.measure(LOCAL))).wall for _ in range(3)]
    report.add(Figure("a third silent: snmp_interfaces, third run", walls[-1], "s"))
    report.note("runs of snmp_interfaces with a third silent: "
                + ", ".join(f"{wall:.2f} s" for wall in walls))  # fmt: skip


def _by_v3(running: ExitStack, report: Report) -> None:
    """As many devices with signed and encrypted messages: a recorded one, thirty times, by snmpsim,
    which is slow; so only the processor time is ours."""
    folder = Path(running.enter_context(TemporaryDirectory(prefix="banjun-bench-snmp-")))
    copy(RECORDED, folder, ("1.3.6.1.2.1.2", "1.3.6.1.2.1.31"), COMMUNITY)
    user = ("--v3-user=banjun", "--v3-auth-key=authentication-1", "--v3-auth-proto=SHA256",
            "--v3-priv-key=privacy-number-2", "--v3-priv-proto=AES")  # fmt: skip
    port = running.enter_context(served(folder, user))
    plain = [Device(name=f"d{n}", host="127.0.0.1", port=port, community=COMMUNITY)
             for n in range(SWITCHES)]  # fmt: skip
    secret = [
        replace(device, version="3", user="banjun", context=COMMUNITY, auth="SHA-256",
                auth_key="authentication-1", privacy="AES-128", privacy_key="privacy-number-2")
        for device in plain
    ]  # fmt: skip
    for name, asked in (("v2c", plain), ("v3, SHA-256, AES-128", secret)):
        costs = [measured(partial(_all_answer, asked)) for _ in range(ROUNDS)]
        used = median(cost.processor for cost in costs)
        report.add(Figure(f"30 x 27 ports x 8 by {name}: processor time", used, "CPU-s"))


def _all_answer(asked: Sequence[Device]) -> None:
    reasons = {found.reason for found in ask(asked, timeout=20.0).values()}
    if reasons != {""}:
        raise RuntimeError(f"{reasons}")


if __name__ == "__main__":
    sys.exit(main())
