from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from probes.instruments.arp_sweep import MANY, ArpSweep, Settings
from probes.model import LOCAL, Outcome, Probe, ProbeError, Reading, SettingError, parse_settings
from tests.lab.programs import ROOT
from tests.lab.school_lan import NETWORK, SENTINEL, SENTINEL_MAC, SchoolLan, in_lab, school_lan
from tests.probes.conftest import Measure
from tests.probes.lan.built import ALL, arp
from tests.probes.lan.sent import sending

HOSTS = {f"10.61.7.{n}": f"8c:ec:4b:00:01:{n:02x}" for n in range(20, 40)}
PHONES = {f"10.61.7.{n}": f"da:a1:19:00:02:{n:02x}" for n in range(50, 53)}
PROXY, PROXY_MAC = "10.61.7.77", "8c:ec:4b:00:03:01"
PROXIED = "10.61.7.128/25"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lan() -> Iterator[SchoolLan]:
    with school_lan() as made:
        made.hosts(made.room("pcs"), "pc", [*HOSTS.items(), *PHONES.items()])
        yield made


def listed(readings: list[Reading]) -> dict[str, str]:
    found = [(r.labels["address"], r.labels["mac"]) for r in readings[:-1]]
    assert len(found) == len(dict(found))
    return dict(found)


def of_whole(readings: list[Reading]) -> dict[str, float]:
    whole = readings[-1]
    assert whole.labels == {"address": "all", "mac": "all"}
    return {metric.name: value for metric, value in whole.values.items()}


def requests(capture: str) -> Counter[str]:
    """How often each address was asked for, in tcpdump's words."""
    lines = (line.split() for line in capture.splitlines() if "who-has" in line)
    return Counter(words[words.index("who-has") + 1] for words in lines)


@in_lab
async def test_every_host_of_a_24_is_found_and_no_other(lan: SchoolLan, measure: Measure) -> None:
    file = lan.folder / "sweep.pcap"
    words = ("tcpdump", "-i", "sentinel0", "-U", "-w", str(file), "-Q", "in", "arp[6:2] = 1")
    with lan.running(lan.switch, words, "listening on"):
        readings = await measure(ArpSweep(Settings(networks=(NETWORK,))), space=lan.sentinel)
    asked = requests(lan.switch.run("tcpdump", "-nr", str(file)))
    whole = of_whole(readings)
    print(f"\nsweep of a /24: {whole['sweep_seconds']:.2f} s, {asked.total()} frames")
    assert listed(readings) == HOSTS
    assert all(reading.target == NETWORK for reading in readings)
    assert (whole["hosts_count"], whole["randomised_count"]) == (23, 3)
    # Not the machine itself, nor the ends of the network; twice at most.
    assert set(asked) == {f"10.61.7.{n}" for n in range(1, 255)} - {SENTINEL}
    assert max(asked.values()) <= 2
    assert asked.total() == whole["frames_sent_count"] == 2 * 253 - 23
    assert all(asked[address] == 1 for address in HOSTS)


@in_lab
async def test_phones_are_listed_only_when_that_is_asked_for(
    lan: SchoolLan, measure: Measure
) -> None:
    network = "10.61.7.48/29"
    settings = Settings(networks=(network,), randomised=True)
    assert listed(await measure(ArpSweep(settings), space=lan.sentinel)) == PHONES


@in_lab
async def test_card_that_answers_for_all_is_no_host(lan: SchoolLan, measure: Measure) -> None:
    proxy = lan.host("proxy", PROXY, PROXY_MAC)
    proxy.ip("link", "add", "far", "type", "veth", "peer", "name", "beyond")
    for device in ("far", "beyond"):
        proxy.ip("link", "set", device, "up")
    proxy.ip("route", "add", PROXIED, "dev", "far")
    proxy.run("sysctl", "-qw", "net.ipv4.conf.proxy0.proxy_arp=1")
    proxy.run("sysctl", "-qw", "net.ipv4.neigh.proxy0.proxy_delay=0")
    readings = await measure(
        ArpSweep(Settings(networks=("10.61.7.64/26", PROXIED), frames_per_second=500)),
        space=lan.sentinel,
    )
    own, far = (
        [r for r in readings if r.target == network] for network in ("10.61.7.64/26", PROXIED)
    )
    assert listed(own) == {PROXY: PROXY_MAC}
    assert listed(far) == {MANY: PROXY_MAC}
    assert {m.name: v for m, v in far[0].values.items()} == {"seen": 1, "addresses_count": 127}
    assert of_whole(far)["hosts_count"] == 0


@in_lab
async def test_network_behind_a_router_is_refused_and_the_others_are_swept(
    lan: SchoolLan, measure: Measure
) -> None:
    lan.sentinel.ip("route", "replace", "10.99.0.0/24", "via", "10.61.7.20")
    networks = ("10.99.0.0/24", "10.61.7.20/30", "10.61.4.0/22")
    refused, *swept, wider = await measure(
        ArpSweep(Settings(networks=networks)), space=lan.sentinel
    )
    assert (refused.outcome, refused.reason) == (Outcome.NOT_RUN, "not_connected")
    assert refused.target == "10.99.0.0/24"
    assert [r.labels["address"] for r in swept] == [f"10.61.7.{n}" for n in range(20, 24)] + ["all"]
    assert (wider.target, wider.reason) == ("10.61.4.0/22", "not_connected")


@in_lab
async def test_answers_to_others_do_not_count(lan: SchoolLan, measure: Measure) -> None:
    other = lan.host("other", "10.61.7.90", "8c:ec:4b:00:04:01")
    gossip = [
        arp(2, "10.61.7.92", "8c:ec:4b:00:04:02", "10.61.7.20", ALL),
        arp(2, "10.61.7.99", "8c:ec:4b:00:04:03", SENTINEL, SENTINEL_MAC),  # nobody asked for it
    ]
    settings = Settings(networks=("10.61.7.88/29",))
    with sending(other, "other0", gossip, every=0.1):
        assert set(listed(await measure(ArpSweep(settings), space=lan.sentinel))) == {"10.61.7.90"}


@in_lab
async def test_second_card_with_the_same_address_is_seen(lan: SchoolLan, measure: Measure) -> None:
    twin = "8c:ec:4b:00:09:20"
    lan.hosts(lan.room("twin"), "twin", [("10.61.7.20", twin)])
    readings = await measure(ArpSweep(Settings(networks=("10.61.7.20/32",))), space=lan.sentinel)
    found = {(r.labels["address"], r.labels["mac"]) for r in readings[:-1]}
    assert found == {("10.61.7.20", HOSTS["10.61.7.20"]), ("10.61.7.20", twin)}
    assert of_whole(readings)["hosts_count"] == 2


@in_lab
def test_without_the_right_nothing_is_said(lan: SchoolLan) -> None:
    words = (sys.executable, "-m", "probes", "run", "arp_sweep", "--set", f"networks={NETWORK}")
    without = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")
    command = lan.sentinel.command(*without, *words, "--json")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert '"reason": "no_privilege"' in done.stdout


@in_lab
def test_agents_process_never_loads_scapy(lan: SchoolLan) -> None:
    script = (
        "import asyncio, sys\n"
        "from probes.instruments.arp_sweep import ArpSweep, Settings\n"
        "from probes.model import LOCAL\n"
        "found = asyncio.run(ArpSweep(Settings(networks=('10.61.7.22/31',))).measure(LOCAL))\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(len(found), sorted(loaded & {'scapy', 'psutil'}))"
    )
    assert lan.sentinel.run(sys.executable, "-c", script).strip() == "3 []"


async def test_without_networks_there_is_nothing_to_sweep() -> None:
    with pytest.raises(ProbeError) as caught:
        await ArpSweep(Settings()).measure(LOCAL)
    assert caught.value.reason == "no_networks"


@pytest.mark.parametrize(
    "networks",
    [["10.0.0.0/21"], ["10.0.0.1/24"], ["example"], [5], ["2001:db8::/120"], ["10.0.0.0/22"] * 5],
)
def test_network_that_cannot_be_swept_is_refused_with_the_settings(networks: list[Any]) -> None:
    with pytest.raises(SettingError, match="networks"):
        parse_settings(Settings, {"networks": networks}, "arp_sweep")


def test_largest_sweep_ends_before_its_deadline() -> None:
    settings = Settings(networks=("10.0.0.0/22",) * 4, frames_per_second=100)
    assert ArpSweep(settings).longest_seconds() < ArpSweep.deadline_seconds
    assert ArpSweep(Settings(networks=("10.0.0.0/24",) * 16)).longest_seconds() < 150
    assert ArpSweep(settings).reaches() == settings.networks


@in_lab
def test_every_metric_was_seen(
    assert_all_metrics_covered: Callable[[type[Probe[Any]]], None],
) -> None:
    assert_all_metrics_covered(ArpSweep)
