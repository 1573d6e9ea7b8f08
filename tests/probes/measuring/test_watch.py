"""Against the collector's reflector; over shaped lines where the test may make them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, Any

import pytest

from collector.measure.reflector import Reflector
from probes.jitter import Key
from probes.measuring.baseline import Baseline
from probes.measuring.counter import Counter
from probes.measuring.line import line_of
from probes.measuring.saturation import State
from probes.measuring.watch import watch
from tests.lab.daemon import free_port
from tests.lab.line import ETHERNET_BYTES, SCHOOL, SERVER, Line, line, tbf

PORT = 8422


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def reflector() -> AsyncIterator[tuple[int, Key]]:
    port, served = free_port(socket.SOCK_DGRAM), Reflector(b"secret", now)
    served.open("127.0.0.1", port)
    yield port, Key.parse(served.key(now()))
    served.close()


async def test_quiet_watch_costs_little_and_teaches_the_baseline(
    reflector: tuple[int, Key],
) -> None:
    baseline, counter = Baseline(), Counter(line_of("lo"))
    found = await watch(counter, "127.0.0.1", *reflector, baseline, 1.2)
    counter.close()
    assert (found.sent, found.answered) == (13, 13)
    assert found.spent_bytes == 13 * 2 * (28 + 64)
    assert found.rtt_min is not None
    assert found.rtt is not None
    assert 0 < found.rtt_min <= found.rtt < 0.05
    assert (found.rtt_min, found.down.rate, found.up.rate) == (baseline.rtt, None, None)
    assert found.down.used is not None
    assert 0 <= found.cpu_ratio <= 1


@pytest.mark.parametrize(
    ("key", "reason"),
    [(None, "no_service"), (Key.derive(b"another", 1), "not_accepted")],
    ids=["nobody-there", "another-collector"],
)
async def test_without_a_reflector_the_use_is_known_all_the_same(
    reflector: tuple[int, Key], key: Key | None, reason: str
) -> None:
    port = reflector[0] if key else free_port(socket.SOCK_DGRAM)
    counter = Counter(line_of("lo"))
    found = await watch(counter, "127.0.0.1", port, key or reflector[1], Baseline(), 0.5)
    counter.close()
    assert (found.down.state, found.down.reason) == (State.UNDETERMINED, reason)
    assert found.down.used is not None
    assert (found.rtt, found.rtt_min, found.answered) == (None, None, 0)


async def test_unknown_host_is_no_reason_not_to_look(reflector: tuple[int, Key]) -> None:
    counter = Counter(line_of("lo"))
    found = await watch(counter, "nobody.invalid", *reflector, Baseline(), 0.2)
    counter.close()
    assert (found.up.reason, found.sent, found.spent_bytes) == ("unresolved", 0, 0)
    assert found.up.used is not None


async def test_line_that_does_not_exist_is_not_idle(reflector: tuple[int, Key]) -> None:
    counter = Counter(replace(line_of("lo"), name="banjun-none"))
    found = await watch(counter, "127.0.0.1", *reflector, Baseline(), 0.2)
    assert (found.down.used, found.down.reason) == (None, "counter_reset")


class School:
    """A shaped line with a reflector and users at both ends, watched from the gateway."""

    def __init__(self, made: Line, stack: ExitStack) -> None:
        self._line = made
        reflecting = self._start("server", stack, "reflect", str(PORT), SERVER)
        key = _said(reflecting)
        for end, host in (("server", SERVER), ("school", SCHOOL)):
            _said(self._start(end, stack, "crowd", "sink", host))
        self._watcher = self._start("school", stack, "watcher", SERVER, str(PORT), key)

    def _start(self, end: str, stack: ExitStack, *words: str) -> subprocess.Popen[str]:
        started = subprocess.Popen(
            ["ip", "netns", "exec", f"{self._line.name}-{end}",
             sys.executable, "-m", f"tests.lab.{words[0]}", *words[1:]],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(_end, started)
        return started

    def shape(self, mbit: float) -> None:
        """Both ways; then a quiet second, from which the baseline is learnt."""
        self._line.shape(tbf(mbit), tbf(mbit))
        self.watch(1)

    def watch(self, seconds: float) -> Any:
        given: IO[str] | None = self._watcher.stdin
        assert given is not None
        print(seconds, file=given, flush=True)
        return json.loads(_said(self._watcher))

    @contextmanager
    def crowd(self, *ways: str, kind: str = "greedy", much: float = 2) -> Iterator[None]:
        with ExitStack() as stack:
            for way in ways:
                end, host = ("server", SCHOOL) if way == "down" else ("school", SERVER)
                self._start(end, stack, "crowd", kind, host, str(much))
            time.sleep(1)
            yield


def _said(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def _end(program: subprocess.Popen[str]) -> None:
    program.kill()
    program.communicate()


@pytest.fixture(scope="module")
def school() -> Iterator[School]:
    with line() as made, ExitStack() as stack:
        yield School(made, stack)


def in_the_lab(test: Any) -> Any:
    for mark in (pytest.mark.root, pytest.mark.long, pytest.mark.server("tc", "ip", "sysctl")):
        test = mark(test)
    return test


@in_the_lab
@pytest.mark.parametrize(
    ("way", "other", "mbit", "seconds"), [("down", "up", 20, 5), ("up", "down", 100, 9)]
)
def test_line_that_its_users_fill_is_read(
    school: School, way: str, other: str, mbit: int, seconds: float
) -> None:
    """Tried four times: upstream the queue must have had room, and the machine is shared."""
    school.shape(mbit)
    with school.crowd(way, much=1):
        for _ in range(4):
            found = school.watch(seconds)
            assert found[other]["state"] != "saturated"
            if found[way]["state"] == "saturated":
                break
    assert found[way]["state"] == "saturated"
    size = found["packet_bytes"][way]
    rate = found[way]["rate"] * (size + ETHERNET_BYTES) / size
    assert rate == pytest.approx(mbit * 1e6, rel=0.02)
    assert found[way]["added"] > 0.01


@in_the_lab
def test_steady_traffic_below_the_rate_is_no_capacity(school: School) -> None:
    school.shape(20)
    with school.crowd("down", "up", kind="steady", much=12):
        found = school.watch(3.5)
    for way in ("down", "up"):
        assert (found[way]["state"], found[way]["reason"]) == ("undetermined", "no_delay")
        assert found[way]["used"] == pytest.approx(12e6 * 1500 / 1514, rel=0.03)


@in_the_lab
def test_flood_above_the_rate_upstream_is_no_capacity(school: School) -> None:
    """Its counter stands before the queue, and counts what that throws away."""
    school.shape(20)
    with school.crowd("up", kind="steady", much=24):
        found = school.watch(3.5)
    assert (found["up"]["state"], found["up"]["reason"]) == ("undetermined", "losses")
    assert found["up"]["used"] > 22e6
