from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable

import pytest

from probes.measuring import counter as module
from probes.measuring.counter import Counter, Look, Total, counters_in, open_source, span
from probes.measuring.line import Line, line_of
from probes.measuring.permit import Direction
from tests.lab.traffic import send_a_megabyte

DOWN, UP = Direction.DOWN, Direction.UP
ETHERNET = Line("eth0", None, False, {DOWN: 14, UP: 14}, 1500)
SECOND = 1_000_000_000
Step = tuple[int, int] | None
"""Bytes and packets, the same both ways; None while the interface is gone."""


class Told:
    """An interface whose counters are told in advance; `lives` by the number of the look."""

    def __init__(self, steps: Iterable[Step], lives: Callable[[int], int] = lambda _: 1) -> None:
        self._steps = list(steps)
        self._lives = lives
        self._read = 0
        self.now = 0

    def clock(self) -> int:
        return self.now

    def read(self) -> tuple[int, dict[Direction, Total]] | None:
        step, life = self._steps[self._read], self._lives(self._read)
        self._read += 1
        return None if step is None else (life, dict.fromkeys(Direction, Total(*step)))

    def close(self) -> None:
        return


def looked(*steps: Step, lives: Callable[[int], int] = lambda _: 1, every: int = SECOND) -> Counter:
    told = Told(steps, lives)
    counter = Counter(ETHERNET, source=told, clock=told.clock)
    for _ in steps:
        counter.look()
        told.now += every
    return counter


def test_rate_is_of_ip_without_the_headers_of_the_frames() -> None:
    counter = looked((0, 0), (1514 * 100, 100))
    found = counter.rate(DOWN, 0, SECOND)
    assert found is not None
    assert (found.bits_per_second, found.packets, found.seconds) == (1500 * 100 * 8, 100, 1)
    assert not found.is_merged


def test_rate_is_between_whole_looks_and_says_which() -> None:
    counter = looked((0, 0), (1000, 1), (3000, 2), (7000, 3))
    found = counter.rate(UP, SECOND // 2, 2 * SECOND + SECOND // 2)
    assert found is not None
    assert (found.since, found.until, found.ip_bytes) == (SECOND, 2 * SECOND, 2000 - 14)


def test_one_look_has_no_rate() -> None:
    assert looked((0, 0), (1000, 1)).rate(DOWN, SECOND // 2, 2 * SECOND) is None


@pytest.mark.parametrize(
    "steps",
    [
        [(9000, 9), (10, 1), (1000, 2)],
        [(2**32 - 100, 9), (500, 10), (1000, 11)],
        [(1000, 1), None, (2000, 2)],
        [(1000, 1), (1005, 3), (1010, 5)],
    ],
    ids=["reset", "wrap", "gone", "fewer-bytes-than-headers"],
)
def test_counter_that_cannot_be_trusted_has_no_rate(steps: list[Step]) -> None:
    assert looked(*steps).rate(DOWN, 0, 9 * SECOND) is None


def test_interface_that_was_replaced_in_between_has_no_rate() -> None:
    steps: list[Step] = [(1000, 1), (5000, 5)]
    assert looked(*steps).rate(DOWN, 0, SECOND) is not None
    assert looked(*steps, lives=lambda n: n).rate(DOWN, 0, SECOND) is None


def test_packets_longer_than_any_frame_were_counted_as_one() -> None:
    found = looked((0, 0), (2 * 1514 * 100, 100)).rate(DOWN, 0, SECOND)
    assert found is not None
    assert found.is_merged


def test_windows_are_neighbours_and_leave_out_what_was_reset() -> None:
    sizes = [0, 1000, 2000, 3000, 100, 1100, 2100, 3100]
    counter = looked(*[(size, 0) for size in sizes], every=SECOND // 10)
    found = counter.windows(DOWN, 0.2)
    assert [(w.since, w.ip_bytes) for w in found] == [
        (0, 2000),
        (4 * SECOND // 10, 2000),
    ]


def test_look_that_was_interrupted_is_taken_again() -> None:
    times = iter([0, 50_000_000, 60_000_000, 60_010_000])
    counter = Counter(ETHERNET, source=Told([(1, 1), (2, 2)]), clock=lambda: next(times))
    assert counter.look() == Look(60_005_000, 1, dict.fromkeys(Direction, Total(2, 2)))


def test_what_was_carried_is_counted_from_a_look_until_now() -> None:
    told = Told([(0, 0), (1014, 1), (3028, 2), (5, 0)])
    counter = Counter(ETHERNET, source=told, clock=told.clock)
    found = list[int | None]()
    begun = counter.look()
    for _ in range(3):
        told.now += SECOND
        found.append(counter.carried(DOWN, begun))
    assert found == [1000, 3000, None]


def test_look_that_is_no_longer_kept_is_not_replaced_by_a_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    told = Told([(0, 0), (1000, 1), (2000, 2)])
    counter = Counter(ETHERNET, source=told, clock=told.clock)
    begun = counter.look()
    told.now = SECOND
    counter.look()
    told.now = 2 * SECOND
    assert counter.carried(DOWN, begun) is None


def test_span_without_looks_is_none() -> None:
    assert span(DOWN, ETHERNET, []) is None


def test_interface_is_found_by_its_whole_name() -> None:
    text = b"""Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
 eth01: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0
  eth0:  52 6 0 0 0 0 0 0 7 8 0 0 0 0 0 0
"""
    assert counters_in(text, "eth0") == [52, 6, 0, 0, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0, 0, 0]
    assert counters_in(text, "eth") is None


async def test_real_traffic_is_counted_while_it_looks_by_itself() -> None:
    async with Counter(line_of("lo"), every=0.02) as counter:
        await asyncio.sleep(0.05)
        begun = counter.look()
        send_a_megabyte()
        await asyncio.sleep(0.1)
        found = counter.rate(UP, begun.at, counter.look().at)
    assert found is not None
    assert found.ip_bytes > 1_000_000  # others use the loopback as well
    assert len(counter.windows(UP, 0.02)) >= 4


def test_interface_that_does_not_exist_has_no_totals() -> None:
    source = open_source("banjun-none")
    assert source.read() is None
    source.close()


@pytest.mark.root
def test_interface_that_comes_back_begins_another_life(in_namespace: Callable[[str], str]) -> None:
    output = in_namespace(
        """
        cd "$PYTHONPATH"
        ip link add wan0 type veth peer name isp0
        "$PYTHON" - <<'END'
import json, subprocess
from probes.measuring.counter import open_source
source = open_source("wan0")
def run(words): subprocess.run(words.split(), check=True)
lives = [source.read()[0]]
run("ip link del wan0")
gone = source.read()
run("ip link add wan0 type veth peer name isp0")
lives.append(source.read()[0])
print(json.dumps([lives, gone]))
END
        """
    )
    (first, second), gone = json.loads(output)
    assert gone is None
    assert first != second
