from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runner import check_reading
from probes.instruments.snmp_interfaces import (
    DISCARDS,
    ENABLED,
    ERRORS,
    PORTS,
    PORTS_UP,
    RECEIVED_BROADCASTS,
    SENT_BROADCASTS,
    InterfaceSettings,
    SnmpInterfaces,
)
from probes.interfaces import (
    LINK_SPEED_BITS_PER_SECOND,
    LINK_UP,
    RECEIVED_BITS_PER_SECOND,
    SENT_BITS_PER_SECOND,
)
from probes.model import Outcome, Reading
from probes.snmp.answer import Answer, Table
from probes.snmp.device import Device
from probes.snmp.interfaces import COLUMNS
from probes.snmp.values import Oid, Value, oid
from tests.fakes.snmp_device import V2, SnmpDevice, interface_table, listening, settings_of
from tests.fakes.snmpsim import copy, served
from tests.probes.conftest import Measure, assert_keeps_to_declaration

RATES = {
    RECEIVED_BITS_PER_SECOND, SENT_BITS_PER_SECOND, ERRORS, DISCARDS, RECEIVED_BROADCASTS,
    SENT_BROADCASTS,
}  # fmt: skip
RECORDINGS = {
    "dlink": "network/switch/dlink-des3038",
    "partly": "network/router/cisco-unmarked-0",  # one of 28 with 64 bits
    "old": "UPS/apc-7902b",  # no ifXTable
    "windows": "os/windows/XP",  # names end with NUL
}
KEEP = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2.2", "1.3.6.1.2.1.31.1.1")
DEVICE = Device(name="sw1", host="10.1.0.2", community="x")
UPTIME = "sys_uptime"


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("snmpsim")
    for community, name in RECORDINGS.items():
        copy(name, folder, KEEP, community)
    with served(folder) as port:
        yield port


def probe_of(*rows: dict[str, Any], **more: Any) -> SnmpInterfaces:
    return SnmpInterfaces(InterfaceSettings(devices=rows, **more))


def by_port(readings: list[Reading], target: str = "sw1") -> dict[str, Reading]:
    return {r.labels["interface"]: r for r in readings if r.target == target}


def port(**columns: Any) -> dict[str, Any]:
    """A sound one of 1 Gbit/s, as pysnmp's types."""
    said = {
        "name": V2.OctetString("GE1"), "type": V2.Integer(6), "speed": V2.Gauge32(10**9),
        "high_speed": V2.Gauge32(1000), "admin": V2.Integer(1), "oper": V2.Integer(1),
    }  # fmt: skip
    return {**said, **columns}


# -- from devices that really answer ---------------------------------------------------------


def net_snmp(sim: int, community: str, column: str) -> dict[int, str]:
    if shutil.which("snmpbulkwalk") is None:
        pytest.skip("needs snmpbulkwalk (apt install snmp)")
    done = subprocess.run(
        ["snmpbulkwalk", "-v2c", "-c", community, "-m", "", "-Oqe", "-On", f"127.0.0.1:{sim}",
         COLUMNS[column]],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.findall(r"^\.[\d.]+\.(\d+) (.*)$", done.stdout, re.MULTILINE)
    return {int(index): value for index, value in found}


@pytest.mark.server
async def test_recorded_devices_say_what_net_snmp_reads(sim: int, measure: Measure) -> None:
    rows = [settings_of(name, sim, community=name) for name in RECORDINGS]
    readings = await measure(probe_of(*rows, include_virtual=True))
    for name in RECORDINGS:
        found = by_port(readings, name)
        kinds, states = net_snmp(sim, name, "type"), net_snmp(sim, name, "oper")
        whole = found.pop("all").values
        ethernet = [index for index, kind in kinds.items() if kind in ("6", "117")]
        assert whole[PORTS] == len(ethernet)
        assert whole[PORTS_UP] == sum(states[index] == "1" for index in ethernet)
        assert len(found) == len(kinds)
        ups = [reading.values[LINK_UP] for reading in found.values()]
        assert ups == [float(state == "1") for state in states.values()]


async def test_awkward_devices_are_right_or_absent(sim: int, measure: Measure) -> None:
    rows = [settings_of(name, sim, community=name) for name in RECORDINGS]
    readings = await measure(probe_of(*rows, include_virtual=True))
    assert "MS TCP Loopback interface" in by_port(readings, "windows")
    old = by_port(readings, "old")
    assert {reading.outcome for reading in old.values()} == {Outcome.OK}
    speeds = {r.values.get(LINK_SPEED_BITS_PER_SECOND) for r in old.values()}
    assert speeds <= {None, 1e7, 1e8}
    assert all(RATES.isdisjoint(reading.values) for reading in readings)


async def test_rates_are_the_mean_between_two_runs(measure: Measure) -> None:
    """Ten Mbit/s in, by a counter that grows between the two questions."""
    counters = ("hc_in_octets", "hc_out_octets", "hc_in_broadcasts", "hc_out_broadcasts",
                "in_errors", "out_errors", "in_discards", "out_discards")  # fmt: skip
    first = port(**{name: V2.Counter64(1000) if "hc" in name else V2.Counter32(0)
                    for name in counters})  # fmt: skip
    device = SnmpDevice({"1.3.6.1.2.1.1.3.0": V2.TimeTicks(100), **interface_table({1: first})})
    async with listening(device) as at:
        probe = probe_of(settings_of("sw1", at))
        assert RATES.isdisjoint(by_port(await measure(probe))["GE1"].values)
        device.set(f"{COLUMNS['hc_in_octets']}.1", V2.Counter64(1000 + 1_250_000))
        device.set(f"{COLUMNS['in_errors']}.1", V2.Counter32(30))
        device.set("1.3.6.1.2.1.1.3.0", V2.TimeTicks(200))
        found = by_port(await measure(probe))["GE1"].values
    assert set(found) == {*RATES, LINK_UP, ENABLED, LINK_SPEED_BITS_PER_SECOND}
    # However long the two runs were apart, both grew in the same time.
    assert found[RECEIVED_BITS_PER_SECOND] / found[ERRORS] == pytest.approx(10_000_000 / 30)
    assert found[SENT_BITS_PER_SECOND] == 0


class Brief(SnmpInterfaces):
    wanted = replace(SnmpInterfaces.wanted, most_rows=3)


@pytest.mark.parametrize("kind", ["loops", "too long"])
async def test_table_that_is_not_whole_is_not_counted(kind: str, measure: Measure) -> None:
    rows = {n: port(name=V2.OctetString(f"GE{n}")) for n in range(1, 6)}
    device = SnmpDevice(interface_table(rows))
    within = device.after
    first, last = ((*oid(COLUMNS["oper"]), n) for n in (1, 4))
    if kind == "loops":
        device.after = lambda name: (  # type: ignore[method-assign]
            (first, V2.Integer(1)) if name == last else within(name)
        )
    async with listening(device) as at:
        made = Brief if kind == "too long" else SnmpInterfaces
        settings = InterfaceSettings(devices=(settings_of("sw1", at),))
        found = by_port(await measure(made(settings)))
    assert found["all"].outcome is Outcome.FAILED
    assert found["all"].reason == ("endless_walk" if kind == "loops" else "too_large")
    assert not found["all"].values
    assert found["GE1"].values[LINK_UP] == 1


async def test_device_without_interfaces_says_so(measure: Measure) -> None:
    async with listening(SnmpDevice({"1.3.6.1.2.1.1.3.0": V2.TimeTicks(100)})) as at:
        (reading,) = await measure(probe_of(settings_of("sw1", at)))
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "no_table")
    assert reading.labels == {"interface": "all"}


# -- from one answer to the next ---------------------------------------------------------------


def answered(at: float, ticks: int | None, **columns: Value) -> Answer:
    """Of a device with one port, at an instant of time.monotonic."""
    said: dict[str, Value] = {"name": b"GE1", "type": 6, "high_speed": 100, "oper": 1}
    table = Table({(1,): {**said, **columns}}, {(1,): at}, "")
    scalars: Mapping[str, Value] = {} if ticks is None else {UPTIME: ticks}
    return Answer(scalars=scalars, at=at, tables={"interfaces": table})


def second(*answers: Answer) -> dict[str, float]:
    """Values of the port in the last of several runs."""
    probe = probe_of()
    found: list[Reading] = []
    for answer in answers:
        found = list(probe.readings(DEVICE, answer))
    return {metric.name: value for metric, value in by_port(found)["GE1"].values.items()}


def test_wide_counter_is_taken_before_the_narrow_one() -> None:
    values = second(
        answered(0, 1000, in_octets=5, hc_in_octets=2**40),
        answered(60, 7000, in_octets=99, hc_in_octets=2**40 + 7_500_000),
    )
    assert values["received_bits_per_second"] == 1_000_000


def test_restart_of_the_device_is_no_peak() -> None:
    """Its counter of 32 bits went back, as if it had wrapped."""
    before = answered(0, 500_000, in_octets=2**32 - 10_000_000, out_octets=5)
    assert "received_bits_per_second" not in second(
        before, answered(60, 1000, in_octets=100_000, out_octets=9)
    )
    assert second(before, answered(60, 506_000, in_octets=100_000, out_octets=9))[
        "received_bits_per_second"
    ] == pytest.approx(10_100_000 * 8 / 60)


def test_wrap_of_the_uptime_is_no_restart() -> None:
    values = second(
        answered(0, 2**32 - 3000, hc_in_octets=0), answered(60, 3000, hc_in_octets=7_500_000)
    )
    assert values["received_bits_per_second"] == 1_000_000


def test_counters_that_the_device_says_began_anew_are_no_rate() -> None:
    assert "received_bits_per_second" not in second(
        answered(0, 1000, hc_in_octets=5, discontinuity=0),
        answered(60, 7000, hc_in_octets=500, discontinuity=6000),
    )


def test_index_that_another_port_took_over_is_no_rate() -> None:
    assert "received_bits_per_second" not in second(
        answered(0, 1000, hc_in_octets=5, name=b"GE7"), answered(60, 7000, hc_in_octets=500)
    )


def test_gigabit_port_with_narrow_counters_only_has_no_rate() -> None:
    values = second(
        answered(0, 1000, in_octets=5, high_speed=1000),
        answered(60, 7000, in_octets=500, high_speed=1000),
    )
    assert "received_bits_per_second" not in values
    assert values["link_up"] == 1


def test_no_difference_spans_a_run_without_an_answer() -> None:
    probe = probe_of()
    probe.readings(DEVICE, answered(0, 1000, hc_in_octets=5))
    probe.missed(DEVICE)
    found = by_port(list(probe.readings(DEVICE, answered(120, 13_000, hc_in_octets=500))))
    assert RATES.isdisjoint(found["GE1"].values)


def test_ports_are_not_counted_where_one_has_no_type() -> None:
    table = Table({(1,): {"type": 6, "oper": 1}, (2,): {"oper": 1}}, {(1,): 0.0, (2,): 0.0})
    probe = probe_of()
    found = probe.readings(DEVICE, Answer(tables={"interfaces": table}))
    assert (found[0].outcome, found[0].reason) == (Outcome.NOT_RUN, "no_table")


def test_ports_up_are_absent_while_one_is_unknown() -> None:
    table = Table(
        {(1,): {"type": 6, "oper": 1}, (2,): {"type": 6, "oper": 4}}, {(1,): 0.0, (2,): 0.0}
    )
    found = probe_of().readings(DEVICE, Answer(tables={"interfaces": table}))
    assert found[0].values == {PORTS: 2}


def names(*rows: dict[str, Value], **settings: Any) -> list[str]:
    table = Table(dict(zip([(n,) for n in range(1, 99)], rows, strict=False)),
                  {(n,): 0.0 for n in range(1, 99)})  # fmt: skip
    found = probe_of(**settings).readings(DEVICE, Answer(tables={"interfaces": table}))
    return [reading.labels["interface"] for reading in found[1:]]


def test_what_is_no_line_is_left_out_unless_asked_for() -> None:
    rows: list[dict[str, Value]] = [
        {"name": b"lo", "type": 24, "oper": 1}, {"name": b"GE1", "type": 6, "oper": 2},
        {"name": b"Vlan1", "type": 136, "oper": 1}, {"name": b"Po1", "type": 161, "oper": 1},
    ]  # fmt: skip
    assert names(*rows) == ["GE1", "Po1"]
    assert names(*rows, include_virtual=True) == ["lo", "GE1", "Vlan1", "Po1"]


def test_interfaces_are_bounded_and_ethernet_comes_first() -> None:
    rows: list[dict[str, Value]] = [
        {"name": b"Serial1", "type": 22, "oper": 1}, {"name": b"GE1", "type": 6, "oper": 2},
        {"name": b"GE2", "type": 6, "oper": 1},
    ]  # fmt: skip
    assert names(*rows, most_interfaces=2) == ["GE1", "GE2"]
    assert names(*rows, most_interfaces=1) == ["GE2"]


oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=128).map(tuple)
values = st.integers(-(2**31), 2**64 - 1) | st.binary(max_size=12) | oids
rows = st.dictionaries(
    st.integers(1, 4).map(lambda n: (n,)) | oids,
    st.dictionaries(st.sampled_from(sorted(COLUMNS)), values),
    max_size=4,
)


@given(rows, rows, st.floats(-5, 500), values)
def test_whatever_a_device_says_makes_readings_that_can_be_stored(
    first: dict[Oid, dict[str, Value]],
    then: dict[Oid, dict[str, Value]],
    seconds: float,
    ticks: Value,
) -> None:
    probe, kind = probe_of(include_virtual=True), cast(Any, SnmpInterfaces)
    for at, said in ((0.0, first), (seconds, then)):
        table = Table(said, dict.fromkeys(said, at))
        answer = Answer(scalars={UPTIME: ticks}, at=at, tables={"interfaces": table})
        for reading in probe.readings(DEVICE, answer):
            assert_keeps_to_declaration(probe, reading)
            check_reading(kind, reading)


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(SnmpInterfaces)
