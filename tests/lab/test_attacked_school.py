"""Real agents look at a school's network, a real collector counts what is there and tells people of
an attack. Unmodified programs attack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.attacked_school import INTERVAL, PCS, PRINTERS, SWITCH_MAC, AttackedSchool
from tests.lab.school_lan import ATTACKER_MAC, GATEWAY_MAC, SENTINEL_MAC
from tests.lab.space import lab

pytestmark = [
    pytest.mark.long,
    pytest.mark.root,
    pytest.mark.server("ip", "sysctl"),
    pytest.mark.server("dnsmasq"),
]
EVERYBODY = {
    GATEWAY_MAC, SWITCH_MAC, SENTINEL_MAC, ATTACKER_MAC, *(mac for _, mac in (*PCS, *PRINTERS)),
}  # fmt: skip


@pytest.fixture(scope="module")
def school() -> Iterator[AttackedSchool]:
    with lab() as (spaces, folder):
        made = AttackedSchool(spaces, folder)
        try:
            made.start()
            yield made
        finally:
            made.close()


def test_every_device_is_counted_once(school: AttackedSchool) -> None:
    school.wait(lambda: len(school.devices()) >= len(EVERYBODY), "all are counted")
    school.hold(2 * INTERVAL)
    assert set(school.devices()) == EVERYBODY


def test_gear_and_agents_are_known_for_what_they_are(school: AttackedSchool) -> None:
    devices = school.devices()
    assert devices[SWITCH_MAC]["kind"] == "switch"
    assert devices[GATEWAY_MAC]["kind"] == "gateway"
    assert {devices[mac]["kind"] for _, mac in PCS} == {"pc"}
    assert devices[PCS[0][1]]["port"] == "core GE0/0/3"


def test_pc_with_another_address_is_the_same_pc(school: AttackedSchool) -> None:
    before = school.devices()[PCS[0][1]]["id"]
    school.readdress(0, "10.61.7.77")
    school.wait(
        lambda: school.devices()[PCS[0][1]]["address"] == "10.61.7.77", "its address is known"
    )
    assert set(school.devices()) == EVERYBODY
    assert school.devices()[PCS[0][1]]["id"] == before


def test_quiet_network_raises_nothing(school: AttackedSchool) -> None:
    assert school.incidents() == []


def test_rogue_server_is_told_of_once_with_its_mac_and_port(school: AttackedSchool) -> None:
    with school.serving_addresses(school.attacker, "attacker0", "10.61.7.200"):
        school.wait(lambda: bool(school.told(ATTACKER_MAC)), "people are told")
        school.hold(3 * INTERVAL)
        assert school.incidents() == ["rogue_dhcp"]
        (body,) = school.told(ATTACKER_MAC)
        assert "core GE0/0/5" in body
