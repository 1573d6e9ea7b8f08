from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import interfaces
from probes.instruments.interface_rate import (
    DROPPED_PACKETS_COUNT,
    FAULTY_PACKETS_COUNT,
    InterfaceRate,
    Settings,
    change,
    choose,
)
from probes.interfaces import (
    LINK_SPEED_BITS_PER_SECOND,
    LINK_UP,
    RECEIVED_BITS_PER_SECOND,
    SENT_BITS_PER_SECOND,
    Counters,
    Link,
)
from probes.model import LOCAL, ProbeError, Reading
from tests.lab.traffic import send_a_megabyte
from tests.probes.conftest import Measure

QUICK = Settings(window_seconds=0.1)
RATES = {
    RECEIVED_BITS_PER_SECOND,
    SENT_BITS_PER_SECOND,
    DROPPED_PACKETS_COUNT,
    FAULTY_PACKETS_COUNT,
}
counts = st.integers(0, 2**64)
counters = st.builds(Counters, counts, counts, counts, counts)


class Machine:
    """What psutil says, as a test sets it; its clock moves with `pass_seconds`."""

    def __init__(self) -> None:
        self.now = 100.0
        self.counters: dict[str, list[int]] = {"eth0": [0] * 6}
        self.links: dict[str, Any] = {"eth0": self.link()}

    @staticmethod
    def link(up: bool = True, speed: int = 1000, flags: str = "up,broadcast,running") -> Any:
        return SimpleNamespace(isup=up, speed=speed, flags=flags)

    def net_io_counters(self, pernic: bool, nowrap: bool) -> dict[str, Any]:
        assert pernic
        assert not nowrap  # psutil's correction would hide a reset
        names = ("bytes_recv", "bytes_sent", "dropin", "dropout", "errin", "errout")
        return {
            nic: SimpleNamespace(**dict(zip(names, values, strict=True)))
            for nic, values in self.counters.items()
        }


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(psutil, "net_io_counters", machine.net_io_counters)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: machine.links)
    monkeypatch.setattr(interfaces, "monotonic", lambda: machine.now)
    return machine


def by_interface(readings: list[Reading]) -> dict[str, Reading]:
    return {reading.labels["interface"]: reading for reading in readings}


async def test_rate_is_the_mean_since_the_previous_run(machine: Machine, measure: Measure) -> None:
    probe = InterfaceRate(QUICK)
    await measure(probe)
    machine.now += 60
    machine.counters["eth0"] = [7_500_000, 750_000, 3, 4, 1, 1]
    (reading,) = await measure(probe)
    assert reading.values == {
        RECEIVED_BITS_PER_SECOND: 1_000_000,
        SENT_BITS_PER_SECOND: 100_000,
        DROPPED_PACKETS_COUNT: 7,
        FAULTY_PACKETS_COUNT: 2,
        LINK_UP: 1,
        LINK_SPEED_BITS_PER_SECOND: 1e9,
    }


async def test_real_traffic_is_counted(measure: Measure) -> None:
    """A megabyte over the loopback between two runs."""
    probe = InterfaceRate(Settings(window_seconds=0.1, include_loopback=True))
    started = time.monotonic()
    await measure(probe)
    send_a_megabyte()
    lo = by_interface(await measure(probe))["lo"]
    at_most = time.monotonic() - started
    assert lo.values[SENT_BITS_PER_SECOND] * at_most >= 8_000_000
    assert lo.values[LINK_UP] == 1


async def test_counter_that_went_back_leaves_the_rates_absent(
    machine: Machine, measure: Measure
) -> None:
    probe = InterfaceRate(QUICK)
    machine.counters["eth0"] = [5_000, 5_000, 0, 0, 0, 0]
    await measure(probe)
    machine.now += 60
    machine.counters["eth0"] = [100, 6_000, 0, 0, 0, 0]
    (reading,) = await measure(probe)
    assert RATES.isdisjoint(reading.values)
    machine.now += 60
    machine.counters["eth0"] = [100, 6_000, 0, 0, 0, 0]
    (reading,) = await measure(probe)
    assert reading.values[RECEIVED_BITS_PER_SECOND] == 0


async def test_new_interface_has_no_rate_until_it_was_seen_twice(
    machine: Machine, measure: Measure
) -> None:
    probe = InterfaceRate(QUICK)
    await measure(probe)
    machine.now += 60
    machine.links["eth1"], machine.counters["eth1"] = machine.link(), [9_000_000] * 6
    readings = by_interface(await measure(probe))
    assert set(readings["eth1"].values) == {LINK_UP, LINK_SPEED_BITS_PER_SECOND}
    machine.now += 60
    assert by_interface(await measure(probe))["eth1"].values[SENT_BITS_PER_SECOND] == 0


async def test_vanished_interface_has_no_reading(machine: Machine, measure: Measure) -> None:
    machine.links["ppp0"], machine.counters["ppp0"] = machine.link(), [0] * 6
    probe = InterfaceRate(QUICK)
    await measure(probe)
    del machine.links["ppp0"], machine.counters["ppp0"]
    assert set(by_interface(await measure(probe))) == {"eth0"}


@pytest.mark.parametrize("speed", [0, -1, 65535, 4294967295])
async def test_speed_that_the_system_does_not_know_is_absent(
    speed: int, machine: Machine, measure: Measure
) -> None:
    machine.links["eth0"] = machine.link(speed=speed)
    (reading,) = await measure(InterfaceRate(QUICK))
    assert LINK_SPEED_BITS_PER_SECOND not in reading.values


async def test_unplugged_cable_is_a_link_down(machine: Machine, measure: Measure) -> None:
    machine.links["eth0"] = machine.link(up=False)
    (reading,) = await measure(InterfaceRate(QUICK))
    assert reading.values[LINK_UP] == 0


async def test_machine_with_no_interface_has_no_source(machine: Machine) -> None:
    machine.links = {"lo": machine.link(flags="up,loopback,running")}
    with pytest.raises(ProbeError) as caught:
        await InterfaceRate(QUICK).measure(LOCAL)
    assert caught.value.reason == "no_source"


@given(counters, counters, st.floats(-10, 1e6))
def test_change_is_never_negative(before: Counters, after: Counters, seconds: float) -> None:
    values = change(before, after, seconds)
    assert all(value >= 0 for value in values.values())
    assert set(values) in (set(), RATES)


def names_of(links: dict[str, Link], **settings: Any) -> list[str]:
    return choose(links, Settings(**settings))


UP, DOWN = Link(True, None), Link(False, None)


def test_loopback_and_container_interfaces_are_left_out_unless_asked_for() -> None:
    links = {
        "lo": Link(True, None, loopback=True),
        "eth0": UP,
        "veth1a2b": UP,
        "br-0123456789ab": UP,
        "br-lan": UP,
        "ppp0": UP,
    }
    assert names_of(links) == ["br-lan", "eth0", "ppp0"]
    assert "lo" in names_of(links, include_loopback=True)
    assert "veth1a2b" in names_of(links, include_containers=True)


def test_labels_are_bounded_and_prefer_what_is_up() -> None:
    links = {f"vlan{i:03}": DOWN for i in range(100)} | {"wan": UP}
    chosen = names_of(links, maximum_interfaces=4)
    assert len(chosen) == 4
    assert "wan" in chosen
    assert chosen == names_of(dict(reversed(links.items())), maximum_interfaces=4)


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(InterfaceRate)
