from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from probes.instruments.dhcp_offers import DhcpOffers
from probes.lan.measures import Waiting
from probes.model import Outcome, Probe, ProbeError, Reading, SettingError, parse_settings
from tests.lab.school_lan import (
    ATTACKER,
    ATTACKER_MAC,
    GATEWAY,
    GATEWAY_MAC,
    NETWORK,
    SchoolLan,
    in_lab,
    school_lan,
)
from tests.lab.space import Space
from tests.probes.conftest import Measure

pytestmark = [pytest.mark.long, pytest.mark.server("dnsmasq")]
NO_PING = "--no-ping"  # dnsmasq would first ask for three seconds whether the address is free
SETTINGS = Waiting(networks=(NETWORK,), seconds=1.5)


@pytest.fixture(scope="module")
def lan() -> Iterator[SchoolLan]:
    with school_lan() as made:
        yield made


@pytest.fixture(scope="module")
def gateway(lan: SchoolLan) -> Space:
    return lan.host("gateway", GATEWAY, GATEWAY_MAC)


@pytest.fixture(scope="module")
def attacker(lan: SchoolLan) -> Space:
    return lan.host("attacker", ATTACKER, ATTACKER_MAC)


def serving(lan: SchoolLan, space: Space, address: str, first: str) -> AbstractContextManager[str]:
    last = first.rpartition(".")[0] + "." + str(int(first.rpartition(".")[2]) + 1)
    words = [
        *("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root", NO_PING),
        *(f"--dhcp-range={first},{last},2m", f"--dhcp-option=3,{address}"),
        *(f"--dhcp-option=6,{address},223.5.5.5", "--pid-file", "--log-dhcp"),
        f"--dhcp-leasefile={lan.folder / first}",
    ]
    return lan.running(space, words, "DHCP, IP range")


def offers(readings: list[Reading]) -> set[tuple[str, ...]]:
    return {tuple(r.labels.values()) for r in readings[:-1]}


def servers_count(readings: list[Reading]) -> float:
    whole = readings[-1]
    assert set(whole.labels.values()) == {"all"}
    return next(v for m, v in whole.values.items() if m.name == "servers_count")


@in_lab
async def test_rogue_server_is_seen_beside_the_schools_own(
    lan: SchoolLan, gateway: Space, attacker: Space, measure: Measure
) -> None:
    with (
        serving(lan, gateway, GATEWAY, "10.61.7.100"),
        serving(lan, attacker, ATTACKER, "10.61.7.200") as rogue,
    ):
        readings = await measure(DhcpOffers(SETTINGS), space=lan.sentinel)
        said = lan.said(rogue)
    assert offers(readings) == {
        (GATEWAY, GATEWAY_MAC, GATEWAY, f"{GATEWAY} 223.5.5.5"),
        (ATTACKER, ATTACKER_MAC, ATTACKER, f"{ATTACKER} 223.5.5.5"),
    }
    assert servers_count(readings) == 2
    assert all(reading.target == "lan" for reading in readings)
    seconds = [v for r in readings for m, v in r.values.items() if m.name == "offer_seconds"]
    assert all(0 < each < SETTINGS.seconds for each in seconds)
    assert said.count("DHCPDISCOVER(attacker0)") == 1
    assert "DHCPREQUEST" not in said


@in_lab
async def test_no_pool_runs_dry(lan: SchoolLan, gateway: Space, measure: Measure) -> None:
    once = Waiting(networks=(NETWORK,), seconds=1)
    with serving(lan, gateway, GATEWAY, "10.61.7.100") as server:
        for _ in range(3):  # the pool has two addresses
            assert servers_count(await measure(DhcpOffers(once), space=lan.sentinel)) == 1
        said = lan.said(server)
    offered = {line.split()[-2] for line in said.splitlines() if "DHCPOFFER" in line}
    assert said.count("DHCPOFFER") == 3
    assert len(offered) == 1


@in_lab
async def test_network_without_a_server_has_none(lan: SchoolLan, measure: Measure) -> None:
    readings = await measure(DhcpOffers(SETTINGS), space=lan.sentinel)
    assert [r.outcome for r in readings] == [Outcome.OK]
    assert servers_count(readings) == 0


@in_lab
async def test_machine_without_a_card_there_learns_nothing(
    lan: SchoolLan, measure: Measure
) -> None:
    with pytest.raises(ProbeError) as caught:
        await measure(DhcpOffers(Waiting(networks=("10.99.0.0/16",))), space=lan.sentinel)
    assert caught.value.reason == "no_route"
    assert "10.99.0.0/16" in caught.value.text.en


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(SettingError, match=r"'10.1.1.1/24' is no network"):
        parse_settings(Waiting, {"networks": ["10.1.1.1/24"]}, "dhcp_offers")
    assert parse_settings(Waiting, {"networks": ["2001:db8::/48"]}, "dhcp_offers").networks


@in_lab
def test_every_metric_was_seen(
    assert_all_metrics_covered: Callable[[type[Probe[Any]]], None],
) -> None:
    assert_all_metrics_covered(DhcpOffers)
