from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from probes.instruments.snmp_arp import SnmpArp
from probes.metrics import SEEN
from probes.model import Outcome, Reading
from probes.snmp.answer import Wanted
from probes.snmp.probe import SnmpSettings
from tests.fakes.recorded_devices import Devices, Look, recorded
from tests.probes.conftest import Measure

MEDIA, PHYSICAL = "1.3.6.1.2.1.4.22", "1.3.6.1.2.1.4.35"
RECORDED = {
    "ruijie": "network/switch/ruijie-s5750-24gt12sfp",
    "h3c": "network/switch/h3c-wx6103",
    "huawei": "network/router/huawei-s5720",
    "cisco": "network/switch/cisco-c3560",
    "topsec": "network/firewall/topsec-ngfw4000-uf",
    "linux": "os/linux/unknown-006",
    "zte": "network/switch/zte-zrx10",  # in no order
    "isilon": "storage/isilon-onefs",
}


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    made = {"pc": "1.3.6.1.2.1.1.5.0|4|PC\n"}
    with recorded(tmp_path_factory.mktemp("arp"), RECORDED, [MEDIA, PHYSICAL], made) as running:
        yield running


@pytest.fixture
def look(devices: Devices, measure: Measure) -> Look:
    async def run(name: str) -> list[Reading]:
        return await devices.look(name, measure, SnmpArp)

    return run


def pairs_of(devices: Devices, name: str) -> set[tuple[str, str]]:
    """As net-snmp tells them: address and MAC, of entries that are dynamic and not in doubt."""
    states = devices.walk(name, f"{PHYSICAL}.1.7")
    found = set()
    doubted = set()
    for index, mac in devices.walk(name, f"{PHYSICAL}.1.4").items():
        interface, kind, *octets = (int(part) for part in index.split("."))
        if len(octets) % 4:  # most devices give the length
            octets = octets[1:]
        address = str(
            IPv4Address(bytes(octets)) if kind in (1, 3) else IPv6Address(bytes(octets[:16]))
        )
        if states.get(index) in ("1", "6"):
            found.add((index, address, mac))
        else:
            doubted.add((interface, address))
    kinds = devices.walk(name, f"{PHYSICAL}.1.6")
    pairs = {(address, mac) for index, address, mac in found if kinds.get(index) == "3"}
    kinds = devices.walk(name, f"{MEDIA}.1.4")
    for index, mac in devices.walk(name, f"{MEDIA}.1.2").items():
        number, _, address = index.partition(".")
        if kinds.get(index) == "3" and (int(number), address) not in doubted:
            pairs.add((address, mac))
    return {pair for pair in pairs if len(pair[1]) == 12 and pair[1] not in ("0" * 12, "f" * 12)}


@pytest.mark.parametrize("name", ["ruijie", "h3c", "huawei", "cisco", "topsec", "zte"])
async def test_pairs_are_those_that_net_snmp_reads(name: str, devices: Devices, look: Look) -> None:
    readings = [r for r in await look(name) if r.outcome is Outcome.OK]
    assert {r.values[SEEN] for r in readings} == {1}
    told = {(r.labels["address"], r.labels["mac"].replace(":", "")) for r in readings}
    assert len(told) == len(readings)
    assert told == pairs_of(devices, name)


async def test_stale_neighbours_of_a_linux_gateway_are_not_seen(
    devices: Devices, look: Look
) -> None:
    """It keeps them for days; both of its tables call them dynamic."""
    told = {r.labels["address"] for r in await look("linux")}
    media = devices.walk("linux", f"{MEDIA}.1.2")
    assert media
    assert told == {"all"}


async def test_entries_of_another_kind_are_not_seen(look: Look) -> None:
    """This store calls all of its entries `other`, and some have 20 octets."""
    [reading] = await look("isilon")
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "no_table")


async def test_device_without_the_table_is_no_failure(look: Look) -> None:
    [reading] = await look("pc")
    assert (reading.target, reading.outcome) == ("pc", Outcome.NOT_RUN)
    assert (reading.reason, reading.labels) == ("no_table", {"address": "all", "mac": "all"})


async def test_table_that_is_too_large_gives_what_was_read_and_says_so(
    devices: Devices, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = SnmpArp.wanted.tables
    monkeypatch.setattr(SnmpArp, "wanted", Wanted(tables=tables, most_rows=20))
    readings = await measure(SnmpArp(SnmpSettings(devices=tuple(devices.settings("topsec")))))
    failed = [(r.reason, r.labels["address"]) for r in readings if r.outcome is Outcome.FAILED]
    assert failed == [("too_large", "all")]
    assert 1 < len(readings) <= 21


GATEWAY = """
ip link add lan type veth peer name far
ip link set far up
ip link set lan up
ip addr add 10.9.0.1/24 dev lan
ip -6 addr add fd09::1/64 dev lan nodad
ip neigh add 10.9.0.2 lladdr 00:1b:02:00:00:02 dev lan nud reachable
ip neigh add fd09::2 lladdr 00:1b:02:00:00:02 dev lan nud reachable
ip neigh add 10.9.0.3 lladdr 00:1b:02:00:00:03 dev lan nud stale
ip neigh add 10.9.0.4 lladdr 00:1b:02:00:00:04 dev lan nud permanent
snmpd -f -LE 3 -C --rocommunity=school udp:127.0.0.1:1161 1>&2 &
for try in 1 2 3 4 5 6 7 8 9 10; do
    "$PYTHON" -c '
import asyncio
from probes.instruments.snmp_arp import SnmpArp
from probes.snmp.probe import SnmpSettings
device = {"name": "gateway", "host": "127.0.0.1", "port": 1161, "community": "school"}
for reading in asyncio.run(SnmpArp(SnmpSettings(devices=(device,))).measure(None)):
    print(reading.outcome, reading.labels["address"], reading.labels["mac"])
' > "$PAIRS" && ! grep -q failed "$PAIRS" && break
    sleep 0.2
done
cat "$PAIRS"
kill $!
"""


@pytest.mark.root
@pytest.mark.server("snmpd")
def test_gateway_that_runs_net_snmp_tells_who_is_reachable(
    in_namespace: Callable[[str], str], tmp_path: Path
) -> None:
    assert in_namespace(f"PAIRS={tmp_path / 'pairs'}\n{GATEWAY}").splitlines() == [
        "ok 10.9.0.2 00:1b:02:00:00:02",
        "ok fd09::2 00:1b:02:00:00:02",
    ]


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(SnmpArp)
