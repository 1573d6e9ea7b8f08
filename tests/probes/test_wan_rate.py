from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from probes import default_route, interfaces
from probes.instruments import wan_rate
from probes.instruments.wan_rate import (
    COUNTED_SECONDS,
    DROPPED_COUNT_PER_SECOND,
    FAULTY_COUNT_PER_SECOND,
    RECEIVED_MAX,
    RECEIVED_MEAN,
    RECEIVED_P95,
    SENT_MAX,
    SENT_MEAN,
    SENT_P95,
    Settings,
    WanRate,
)
from probes.interfaces import LINK_SPEED_BITS_PER_SECOND
from probes.model import LOCAL, ProbeError
from tests.lab.traffic import send_a_megabyte
from tests.probes.conftest import Measure

Step = tuple[float, list[int] | None]
"""Seconds that pass, and the counters then; None while the interface is gone."""

MEGABIT = 125_000


class Machine:
    """A gateway whose line is ppp0; each sleep of the probe is one step of its story."""

    def __init__(self, story: list[Step]) -> None:
        self.now = 100.0
        self.counters: list[int] | None = [0] * 6
        self.story = story

    async def sleep(self, _: float) -> None:
        if self.story:
            passed, self.counters = self.story.pop(0)
            self.now += passed
        else:
            self.now += 1

    def net_io_counters(self, pernic: bool, nowrap: bool) -> dict[str, Any]:
        assert (pernic, nowrap) == (True, False)
        names = ("bytes_recv", "bytes_sent", "dropin", "dropout", "errin", "errout")
        if self.counters is None:
            return {}
        return {"ppp0": SimpleNamespace(**dict(zip(names, self.counters, strict=True)))}


Tell = Callable[..., Machine]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Tell:
    def make(story: list[Step], speed: int = 1000) -> Machine:
        machine = Machine(story)
        link = SimpleNamespace(isup=True, speed=speed, flags="up,running")
        monkeypatch.setattr(psutil, "net_io_counters", machine.net_io_counters)
        monkeypatch.setattr(psutil, "net_if_stats", lambda: {"ppp0": link})
        monkeypatch.setattr(interfaces, "monotonic", lambda: machine.now)
        monkeypatch.setattr(wan_rate, "asyncio", SimpleNamespace(
            sleep=machine.sleep, to_thread=asyncio.to_thread))  # fmt: skip
        monkeypatch.setattr(wan_rate, "_FIRST_SECONDS", 5)
        monkeypatch.setattr(default_route, "default_interface", lambda: "ppp0")
        return machine

    return make


def received(*totals: int) -> list[Step]:
    return [(1.0, [total, 0, 0, 0, 0, 0]) for total in totals]


async def reason(**settings: Any) -> str:
    with pytest.raises(ProbeError) as caught:
        await WanRate(Settings(**settings)).measure(LOCAL)
    return caught.value.reason


async def test_mean_peak_and_percentile_are_of_single_seconds(tell: Tell, measure: Measure) -> None:
    tell([(1.0, [MEGABIT * n, 2 * MEGABIT * n, n, n, n, 0]) for n in (1, 2, 3, 9, 10)])
    (reading,) = await measure(WanRate(Settings(seconds=5)))
    assert reading.labels == {"interface": "ppp0"}
    assert reading.values == {
        RECEIVED_MEAN: 2e6,
        RECEIVED_MAX: 6e6,
        RECEIVED_P95: 6e6,
        SENT_MEAN: 4e6,
        SENT_MAX: 12e6,
        SENT_P95: 12e6,
        DROPPED_COUNT_PER_SECOND: 4,
        FAULTY_COUNT_PER_SECOND: 2,
        COUNTED_SECONDS: 5,
        LINK_SPEED_BITS_PER_SECOND: 1e9,
    }


async def test_first_run_is_short_and_later_ones_are_not(tell: Tell, measure: Measure) -> None:
    tell([])
    probe = WanRate(Settings(seconds=40))
    lengths = [(await measure(probe))[0].values[COUNTED_SECONDS] for _ in range(2)]
    assert lengths == [5, 40]


async def test_percentile_leaves_out_one_burst_in_forty(tell: Tell, measure: Measure) -> None:
    totals = [MEGABIT * n + (99 * MEGABIT if n > 20 else 0) for n in range(1, 41)]
    tell([*received(*[0] * 5), *received(*totals)])
    probe = WanRate(Settings(seconds=40))
    await measure(probe)
    (reading,) = await measure(probe)
    assert reading.values[RECEIVED_MAX] == 100e6
    assert reading.values[RECEIVED_P95] == 1e6


async def test_second_with_a_reset_counter_is_left_out(tell: Tell, measure: Measure) -> None:
    tell(received(MEGABIT, 2 * MEGABIT, 5, MEGABIT + 5, 2 * MEGABIT + 5))
    (reading,) = await measure(WanRate(Settings(seconds=5)))
    assert reading.values[COUNTED_SECONDS] == 4
    assert reading.values[RECEIVED_MAX] == reading.values[RECEIVED_MEAN] == 1e6


async def test_second_of_a_sleeping_machine_is_left_out(tell: Tell, measure: Measure) -> None:
    asleep = (1800.0, [9 * MEGABIT, *[0] * 5])
    tell([*received(MEGABIT), asleep, *received(*(n * MEGABIT for n in (10, 11, 12)))])
    (reading,) = await measure(WanRate(Settings(seconds=5)))
    assert reading.values[COUNTED_SECONDS] == 4
    assert reading.values[RECEIVED_MEAN] == 1e6


async def test_vanished_interface_leaves_too_few_seconds(tell: Tell) -> None:
    tell([(1.0, [0] * 6), (1.0, None), (1.0, None), (1.0, [0] * 6), (1.0, [0] * 6)])
    assert await reason(seconds=5) == "too_few_seconds"


async def test_unknown_link_speed_is_absent(tell: Tell, measure: Measure) -> None:
    tell([], speed=0)
    (reading,) = await measure(WanRate(Settings(seconds=3)))
    assert LINK_SPEED_BITS_PER_SECOND not in reading.values


async def test_machine_without_default_route_is_not_run(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell([])
    monkeypatch.setattr(default_route, "default_interface", lambda: None)
    assert await reason() == "no_default_route"


async def test_interface_that_does_not_exist_is_named_as_the_fault(tell: Tell) -> None:
    tell([])
    assert await reason(interface="eth9") == "no_interface"


@pytest.mark.long
async def test_real_traffic_shows_in_its_second(measure: Measure) -> None:
    """A megabyte over the loopback in the middle of three seconds. On a busy machine the end of a
    second may cut it in two, though hardly three times on end."""
    for _ in range(3):
        running = asyncio.ensure_future(measure(WanRate(Settings(seconds=3, interface="lo"))))
        await asyncio.sleep(1.5)
        send_a_megabyte()
        (reading,) = await running
        if reading.values[SENT_MAX] >= 7_900_000:
            break
    assert reading.values[SENT_MAX] >= 7_900_000
    assert reading.values[SENT_MAX] >= 2 * reading.values[SENT_MEAN]


@pytest.mark.root
def test_gateway_in_a_namespace_watches_the_line_of_lower_metric(
    in_namespace: Callable[[str], str], tmp_path: Path
) -> None:
    out = in_namespace(
        "ip link add wan0 type veth peer name isp0; ip link add wan1 type veth peer name isp1\n"
        "ip addr add 192.0.2.1/24 dev wan0; ip addr add 198.51.100.1/24 dev wan1\n"
        "for name in wan0 isp0 wan1 isp1; do ip link set $name up; done\n"
        "probe wan_rate --set seconds=3\n"
        "ip route add default via 192.0.2.9 metric 50\n"
        "ip route add default via 198.51.100.9 metric 20\n"
        "probe wan_rate --set seconds=3\n"
    )
    before, after = (json.loads(line)[0] for line in out.splitlines())
    assert (before["outcome"], before["reason"]) == ("not_run", "no_default_route")
    assert (after["outcome"], after["labels"]) == ("ok", {"interface": "wan1"})


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(WanRate)
