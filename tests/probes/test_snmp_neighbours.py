from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from probes.instruments.snmp_neighbours import NEIGHBOURS_COUNT, SnmpNeighbours
from probes.metrics import SEEN
from probes.model import Outcome, Reading
from probes.snmp.answer import Wanted
from probes.snmp.probe import SnmpSettings
from tests.fakes.recorded_devices import Devices, Look, recorded
from tests.probes.conftest import Measure

REMOTE = "1.0.8802.1.1.2.1.4.1.1"
PARTS = [
    "1.0.8802.1.1.2.1.3.7", "1.0.8802.1.1.2.1.4.1", "1.3.6.1.2.1.17.1.4", "1.3.6.1.2.1.31.1.1.1.1",
    "1.3.6.1.2.1.2.2.1.2",
]  # fmt: skip
RECORDED = {
    "arista": "cloud/arista-dcs-7150s-52-cl",
    "cisco": "network/switch/cisco-n5000",
    "juniper": "network/router/juniper-mx960-13-3r9-13",
    "h3c": "network/switch/h3c-e528-2",
    "hp": "network/switch/hpe-procurve-516733-b21",
    "quiet": "network/switch/cisco-c3750",
}
WHOLE = {
    "interface": "all", "neighbour": "all", "neighbour_port": "all", "capabilities": "all"
}  # fmt: skip


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    made = {"pc": "1.3.6.1.2.1.1.5.0|4|PC\n"}
    with recorded(tmp_path_factory.mktemp("lldp"), RECORDED, PARTS, made) as running:
        yield running


@pytest.fixture
def look(devices: Devices, measure: Measure) -> Look:
    async def run(name: str) -> list[Reading]:
        return await devices.look(name, measure, SnmpNeighbours)

    return run


def octets(text: str) -> bytes:
    return bytes.fromhex(text) if text != '""' else b""


@pytest.mark.parametrize("name", ["arista", "cisco", "juniper", "h3c", "hp"])
async def test_neighbours_are_those_that_net_snmp_reads(
    name: str, devices: Devices, look: Look
) -> None:
    whole, *seen = await look(name)
    kinds, chassis = devices.walk(name, f"{REMOTE}.4"), devices.walk(name, f"{REMOTE}.5")
    assert whole.values == {NEIGHBOURS_COUNT: len(chassis)}
    assert {r.values[SEEN] for r in seen} == {1}
    expected = sorted(
        octets(value).hex(":") if kinds[index] == "4" else octets(value).decode()
        for index, value in chassis.items()
    )
    assert sorted(r.labels["neighbour"] for r in seen) == expected


@pytest.mark.parametrize(
    ("name", "interface", "neighbour", "port", "capabilities"),
    [
        ("arista", "Ethernet47", "44:4c:a8:31:3e:df", "Ethernet23", "bridge router"),
        ("cisco", "mgmt0", "8c:60:4f:19:1b:c1", "mgmt0", "bridge"),
        ("juniper", "ge-0/1/0", "38:22:d6:b3:31:b5", "GigabitEthernet1/1/1", "bridge router"),
        ("h3c", "GigabitEthernet1/0/24", "38:91:d5:fb:74:2c", "GigabitEthernet1/0/33",
         "bridge router"),
        ("hp", "8", "e8:39:35:1a:ca:99", "e8:39:35:1a:ca:99", "stationOnly"),
        ("hp", "17", "NWPU-CA-5548-01(SSI183706KP)", "Ethernet1/19", "bridge router"),
    ],
)  # fmt: skip
async def test_neighbour_is_told_with_its_ports_and_capabilities(
    name: str,
    interface: str,
    neighbour: str,
    port: str,
    capabilities: str,
    look: Look,
) -> None:
    labels = {
        "interface": interface, "neighbour": neighbour, "neighbour_port": port,
        "capabilities": capabilities,
    }  # fmt: skip
    assert labels in [r.labels for r in await look(name)]


async def test_interfaces_are_called_as_the_interface_table_calls_them(
    devices: Devices, look: Look
) -> None:
    for name in ("arista", "cisco", "juniper", "h3c", "hp"):
        names = {octets(text).decode() for text in
                 devices.walk(name, "1.3.6.1.2.1.31.1.1.1.1").values()}  # fmt: skip
        told = {r.labels["interface"] for r in (await look(name))[1:]}
        assert told <= names, name


async def test_device_that_hears_nobody_says_so(look: Look) -> None:
    [whole] = await look("quiet")
    assert (whole.values, whole.labels) == ({NEIGHBOURS_COUNT: 0}, WHOLE)


async def test_device_without_lldp_is_no_failure(look: Look) -> None:
    [reading] = await look("pc")
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "no_table")
    assert reading.labels == WHOLE


async def test_table_that_is_too_large_tells_nothing(
    devices: Devices, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = SnmpNeighbours.wanted.tables
    monkeypatch.setattr(SnmpNeighbours, "wanted", Wanted(tables=tables, most_rows=3))
    [reading] = await measure(
        SnmpNeighbours(SnmpSettings(devices=tuple(devices.settings("cisco"))))
    )
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "too_large")


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(SnmpNeighbours)
