"""What tests of probes share: every reading taken here is held against its probe's declaration."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from probes.model import COMMON_REASONS, LOCAL, Outcome, Probe, Reading, Target
from probes.net import arrival_ns_or_none, ask_for_timestamps

if TYPE_CHECKING:
    from tests.fakes.com import FakeCom
    from tests.fakes.windows import FakeWindows
    from tests.lab.space import Space

Measure = Callable[..., Awaitable[list[Reading]]]
ROOT = Path(__file__).parents[2]
NAMESPACE_TOOLS = ("unshare", "nsenter", "setpriv", "ip", "sysctl", "nft", "iptables")


@pytest.fixture(scope="module")
def seen_metrics() -> set[str]:
    """Names of the metrics that this module's readings held so far."""
    return set()


@pytest.fixture
def measure(seen_metrics: set[str]) -> Measure:
    """Run a probe; every reading must keep to what the probe declares."""

    async def run(
        probe: Probe[Any], target: Target = LOCAL, space: Space | None = None
    ) -> list[Reading]:
        """In a network namespace of the lab, if one is given."""
        if space is None:
            measured = await probe.measure(target)
        else:
            there = partial(space.inside, lambda: asyncio.run(probe.measure(target)))
            measured = await asyncio.to_thread(there)
        readings = [measured] if isinstance(measured, Reading) else list(measured)
        for reading in readings:
            assert_keeps_to_declaration(probe, reading)
            seen_metrics.update(metric.name for metric in reading.values)
        return readings

    return run


def assert_keeps_to_declaration(probe: Probe[Any], reading: Reading) -> None:
    assert set(reading.labels) == set(probe.labels)
    assert all(reading.labels.values())
    if reading.outcome is Outcome.OK:
        assert not reading.reason
        assert reading.values
    else:
        assert reading.reason in {**COMMON_REASONS, **probe.reasons}
    for metric, value in reading.values.items():
        assert metric in probe.measures
        assert isfinite(value)
        assert metric.minimum is None or value >= metric.minimum, metric.name
        assert metric.maximum is None or value <= metric.maximum, metric.name


@pytest.fixture
def assert_all_metrics_covered(
    request: pytest.FixtureRequest, seen_metrics: set[str]
) -> Callable[[type[Probe[Any]]], None]:
    """For the last test of a probe's file: each declared metric was in some reading above it."""
    if request.config.option.keyword or any("::" in word for word in request.config.args):
        pytest.skip("only some tests of this file were selected")

    def check(probe: type[Probe[Any]]) -> None:
        assert {metric.name for metric in probe.measures} - seen_metrics == set()

    return check


@pytest.fixture
def in_namespace() -> Callable[[str], str]:
    """Run a shell script in a network namespace of its own, and return what it prints.

    In it `probe NAME ...` runs a probe and prints its readings as one line of JSON.
    """
    if os.geteuid() != 0:
        pytest.skip("needs root, for a network namespace")
    if missing := [name for name in NAMESPACE_TOOLS if shutil.which(name) is None]:
        pytest.skip(
            f"needs {', '.join(missing)} (apt install iproute2 iptables nftables util-linux)"
        )

    def run(script: str) -> str:
        head = (
            f"export PYTHONPATH='{ROOT}' PYTHON='{sys.executable}'\n"
            'probe() { "$PYTHON" -m probes run --json "$@" || true; }\n'
            "ip link set lo up\n"
        )
        done = subprocess.run(
            ["unshare", "-n", "sh", "-euc", head + script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def fake_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Only the programs that a test writes itself can be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("probes.programs.SYSTEM_FOLDERS", ())

    def write(name: str, output: str = "", errors: str = "", code: int = 0) -> None:
        (folder / f"{name}.out").write_text(output)
        (folder / f"{name}.err").write_text(errors)
        program = folder / name
        program.write_text(
            f"#!/bin/sh\n/bin/cat '{folder}/{name}.out'\n/bin/cat '{folder}/{name}.err' >&2\n"
            f"exit {code}\n"
        )
        program.chmod(0o755)

    return write


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    """A Windows with an empty registry and no libraries."""
    from tests.fakes.windows import FakeWindows

    return FakeWindows(monkeypatch)


@pytest.fixture
def com(windows: FakeWindows) -> FakeCom:
    """Its COM, in which no class is registered."""
    from tests.fakes.com import FakeCom

    return FakeCom(windows)


@pytest.fixture
def kernel_notes_arrivals() -> Iterator[None]:
    """It begins a moment after the first socket of the machine asks for it, in a worker of its own,
    and ends after the last. A packet that came before is given the time at which it is read."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        held.bind(("127.0.0.1", 0))
        ask_for_timestamps(held)
        for _ in range(100):
            other.sendto(b"", held.getsockname())
            time.sleep(0.02)
            arrived = arrival_ns_or_none(held.recvmsg(1, 64)[1])
            if arrived is not None and time.time_ns() - arrived > 10_000_000:
                break
        yield
