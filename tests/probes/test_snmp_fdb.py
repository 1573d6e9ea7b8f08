from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

import pytest

from probes.instruments.snmp_fdb import MAC_COUNT, FdbSettings, SnmpFdb
from probes.metrics import SEEN
from probes.model import Outcome, Reading, SettingError, parse_settings
from probes.snmp.answer import Wanted
from tests.fakes.recorded_devices import Devices, Look, recorded
from tests.probes.conftest import Measure

BRIDGE, VLANS = "1.3.6.1.2.1.17.4.3.1", "1.3.6.1.2.1.17.7.1.2.2.1"
PARTS = ["1.3.6.1.2.1.17", "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2"]
RECORDED = {
    "hp": "hpe-procurve-516733-b21",
    "ruijie": "ruijie-s5750-24gt12sfp",
    "maipu": "maipu-sm4200-16gef8ge-ac",
    "dlink": "dlink-des3038",
    "cisco": "cisco-c3750",
    "dptech": "dptech-dpx800-a5",
    "bdcom": "bdcom-s5612",  # the rows of its table are in no order
}
MANY = 2_000


def many_addresses() -> str:
    """One port that leads to a switch, and one with a PC."""
    macs = [f"0.27.{at // 65536}.{at // 256 % 256}.{at % 256}.2" for at in range(MANY)]
    ports = [f"{BRIDGE}.2.{mac}|2|{7 if at else 9}\n" for at, mac in enumerate(macs)]
    return "".join([*ports, *(f"{BRIDGE}.3.{mac}|2|3\n" for mac in macs)])


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    switches = {name: f"network/switch/{file}" for name, file in RECORDED.items()}
    made = {"many": many_addresses(), "pc": "1.3.6.1.2.1.1.5.0|4|PC\n"}
    with recorded(tmp_path_factory.mktemp("fdb"), switches, PARTS, made) as running:
        yield running


@pytest.fixture
def look(devices: Devices, measure: Measure) -> Look:
    async def run(name: str) -> list[Reading]:
        return await devices.look(name, measure, SnmpFdb)

    return run


def ports_of(devices: Devices, name: str) -> Mapping[str, set[str]]:
    """As net-snmp tells it: interface -> addresses in hexadecimal."""
    interfaces = devices.walk(name, "1.3.6.1.2.1.17.1.4.1.2")
    names = devices.walk(name, "1.3.6.1.2.1.31.1.1.1.1")
    found: dict[str, set[str]] = defaultdict(set)
    for table in (BRIDGE, VLANS):
        status = devices.walk(name, f"{table}.3")
        for index, port in devices.walk(name, f"{table}.2").items():
            if status.get(index) == "3" and port != "0":
                mac = "".join(f"{int(part):02x}" for part in index.split(".")[-6:])
                told = names.get(interfaces.get(port, ""))
                interface = f"port {port}" if told is None else bytes.fromhex(told).decode()
                found[interface].add(mac)
    return found


@pytest.mark.parametrize("name", RECORDED)
async def test_every_port_has_the_addresses_that_net_snmp_reads(
    name: str, devices: Devices, look: Look
) -> None:
    readings = await look(name)
    expected = ports_of(devices, name)
    assert expected
    counts = {r.labels["interface"]: r.values[MAC_COUNT] for r in readings if MAC_COUNT in r.values}
    assert counts == {interface: len(macs) for interface, macs in expected.items()}
    listed = defaultdict(set)
    for reading in readings:
        if SEEN in reading.values:
            listed[reading.labels["interface"]].add(reading.labels["mac"].replace(":", ""))
    assert listed == {interface: macs for interface, macs in expected.items() if len(macs) <= 16}


async def test_vlan_is_looked_up_and_is_not_the_number_of_the_database(
    look: Look,
) -> None:
    """This switch numbers its databases 1, 2, 3, ...; they are VLANs 1, 50, 52, ..."""
    vlans = {r.labels["vlan"] for r in await look("hp") if SEEN in r.values}
    assert "50" in vlans
    assert "2" not in vlans


async def test_ports_with_many_addresses_are_only_counted(
    devices: Devices, measure: Measure
) -> None:
    asked = tuple(devices.settings("hp"))
    readings = await measure(SnmpFdb(FdbSettings(devices=asked, most_per_port=5)))
    listed = Counter(r.labels["interface"] for r in readings if SEEN in r.values)
    assert max(listed.values()) == 5
    assert any(r.values.get(MAC_COUNT, 0) > 5 for r in readings)


async def test_many_addresses_at_a_port_are_counted_and_not_listed(look: Look) -> None:
    readings = await look("many")
    told = [(r.labels["interface"], r.labels["mac"], dict(r.values)) for r in readings]
    assert told == [
        ("port 7", "all", {MAC_COUNT: MANY - 1}),
        ("port 9", "all", {MAC_COUNT: 1}),
        ("port 9", "00:1b:00:00:00:02", {SEEN: 1}),
    ]


async def test_table_that_is_too_large_gives_no_address(
    devices: Devices, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = SnmpFdb.wanted
    monkeypatch.setattr(SnmpFdb, "wanted", Wanted(tables=wanted.tables, most_rows=20))
    [reading] = await measure(SnmpFdb(FdbSettings(devices=tuple(devices.settings("ruijie")))))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "too_large")
    assert reading.labels == {"interface": "all", "mac": "all", "vlan": "all"}
    assert not reading.values


async def test_device_without_the_table_is_no_failure_and_disturbs_nobody(
    devices: Devices, measure: Measure
) -> None:
    asked = devices.settings("pc", "silent", "dptech")
    readings = await measure(SnmpFdb(FdbSettings(devices=tuple(asked), timeout=0.3)))
    told = {(r.target, r.outcome, r.reason) for r in readings}
    assert told == {
        ("pc", Outcome.NOT_RUN, "no_table"), ("silent", Outcome.FAILED, "no_answer"),
        ("dptech", Outcome.OK, ""),
    }  # fmt: skip


def test_most_per_port_has_bounds() -> None:
    with pytest.raises(SettingError, match="most_per_port"):
        parse_settings(FdbSettings, {"most_per_port": 0}, "snmp_fdb")


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(SnmpFdb)
