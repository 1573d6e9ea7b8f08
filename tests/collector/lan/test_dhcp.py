"""Rogue DHCP servers, and everything that only looks like one."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from collector.lan.site import Site
from collector.register.model import State
from tests.collector.lan.net import CODE, EVIL, GATEWAY, OTHER, ROUTER, Net

ROGUE, SECOND = "192.168.0.1", "10.1.0.2"
SITE = Site(school=CODE, networks=(ip_network("10.1.0.0/16"),), dhcp_servers=(GATEWAY,))


def with_rogue(net: Net) -> None:
    net.normal()
    net.offers((ROGUE, EVIL))


def test_unlisted_server_that_offers_is_raised_at_once_with_its_mac(net: Net) -> None:
    net.sites[CODE] = SITE
    net.minutes(1, lambda: with_rogue(net))
    found = net.open["rogue_dhcp"]
    assert (found.address, found.mac) == (ROGUE, EVIL)
    assert "登记的服务器是 10.1.0.1" in found.ground.zh
    net.minutes(60, lambda: with_rogue(net))
    assert net.flips() == [("rogue_dhcp", State.DOWN)]


def test_without_a_list_the_server_so_far_is_the_ground(net: Net) -> None:
    net.minutes(5, net.normal)
    net.minutes(1, lambda: with_rogue(net))
    assert "一直以来的服务器是 10.1.0.1" in net.open["rogue_dhcp"].ground.zh


def test_rogue_at_the_first_look_is_known_by_the_gateway(net: Net) -> None:
    net.minutes(1, lambda: with_rogue(net))
    found = net.open["rogue_dhcp"]
    assert (found.address, "网关 10.1.0.1" in found.ground.zh) == (ROGUE, True)


def test_two_servers_and_no_ground_are_one_finding_that_says_so(net: Net) -> None:
    net.minutes(40, lambda: net.offers((ROGUE, EVIL), (SECOND, OTHER)))
    found = net.open["rogue_dhcp"]
    assert "没有依据" in found.ground.zh
    assert f"{SECOND}、{ROGUE}" in found.ground.zh
    assert len(net.flips()) == 1


def test_ever_more_servers_and_no_ground_stay_one_finding_of_bounded_length(net: Net) -> None:
    flood = [(f"10.1.9.{n}", f"02:00:00:00:09:{n:02x}") for n in range(1, 41)]
    for number in range(2, len(flood) + 1):
        net.minutes(1, lambda to=number: net.offers(*flood[:to]))  # type: ignore[misc]
    found = net.open["rogue_dhcp"]
    assert net.flips() == [("rogue_dhcp", State.DOWN)]
    assert "40 台" in found.ground.zh
    assert len(found.ground.en) < 400
    net.days(2, lambda: net.offers(*flood))
    assert list(net.open) == ["rogue_dhcp"]


def test_removed_server_is_over_when_the_sentinel_has_looked_again(net: Net) -> None:
    net.minutes(3, lambda: with_rogue(net))
    net.minutes(29, net.normal)
    assert net.states()["rogue_dhcp"] is State.DOWN
    net.minutes(3, net.normal)
    assert net.flips()[-1] == ("rogue_dhcp", State.UP)


def test_sentinel_that_looks_no_more_leaves_it_unknown(net: Net) -> None:
    net.minutes(3, lambda: with_rogue(net))
    net.minutes(90)
    assert net.states()["rogue_dhcp"] is State.UNKNOWN
    net.minutes(1, lambda: with_rogue(net))
    assert [state for _, state in net.flips()] == [State.DOWN, State.UNKNOWN, State.DOWN]


def test_pcs_that_move_to_another_server_tell_of_one_that_the_sentinel_cannot_see(
    net: Net,
) -> None:
    net.minutes(10, net.normal)

    def moved() -> None:
        for pc in net.pcs[:2]:
            net.lease(pc, ROGUE)
            net.gateway(pc, EVIL, ROGUE)
        net.offers((GATEWAY, ROUTER))

    net.minutes(1, moved)
    assert net.open["rogue_dhcp"].agents == set(net.pcs[:2])


def test_another_device_in_the_name_of_the_gateway_is_raised(net: Net) -> None:
    net.minutes(5, net.normal)
    net.minutes(1, net.normal, lambda: net.offers((GATEWAY, EVIL)))
    found = net.open["rogue_dhcp"]
    assert (found.address, found.mac) == (GATEWAY, EVIL)


def test_attacker_is_not_learned_by_lasting(net: Net) -> None:
    net.minutes(5, net.normal)
    for _ in range(26):
        net.minutes(1, lambda: with_rogue(net))
        net.minutes(59)
        net.store.readings.clear()
    net.minutes(1, lambda: with_rogue(net))
    assert "rogue_dhcp" in net.open


def test_gateway_that_hears_only_the_rogue_does_not_take_it_for_its_own(net: Net) -> None:
    net.serve_as_gateway()
    net.minutes(3, lambda: net.offers((ROGUE, EVIL)))
    assert net.open == {}

    def with_leases() -> None:
        net.offers((ROGUE, EVIL))
        for pc in net.pcs:
            net.lease(pc)

    net.minutes(1, with_leases)
    assert "多数电脑的租约" in net.open["rogue_dhcp"].ground.zh


# Normal life


def test_pair_of_listed_servers_is_nothing(net: Net) -> None:
    net.sites[CODE] = replace(SITE, dhcp_servers=(GATEWAY, OTHER))
    net.minutes(30, net.normal, lambda: net.offers((SECOND, OTHER)))
    assert net.flips() == []


def test_relay_that_passes_on_what_a_listed_server_offers_is_nothing(net: Net) -> None:
    net.sites[CODE] = replace(SITE, dhcp_servers=("10.9.0.5",))

    def relayed() -> None:
        net.offers(("10.9.0.5", ROUTER))
        net.hears("dhcp", ("10.9.0.5", ROUTER))
        for pc in net.pcs:
            net.gateway(pc)
            net.lease(pc, "10.9.0.5")

    net.minutes(30, relayed)
    assert net.flips() == []


def test_machine_that_only_tells_from_where_to_boot_is_nothing(net: Net) -> None:
    net.minutes(30, net.normal, lambda: net.hears("dhcp", (GATEWAY, ROUTER), (SECOND, OTHER)))
    assert net.flips() == []


def test_hotspot_of_one_pc_is_nothing(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(30, net.normal, lambda: net.lease(net.pcs[0], "192.168.43.1"))
    assert net.flips() == []


def test_laptops_at_homes_that_use_the_ranges_of_the_school_are_nothing(net: Net) -> None:
    net.sites[CODE] = SITE
    net.minutes(10, net.normal)

    def at_home() -> None:
        for pc, mac in zip(net.pcs, (EVIL, OTHER), strict=False):
            net.lease(pc, "10.1.1.1")
            net.gateway(pc, mac, "10.1.1.1")

    net.minutes(60, at_home)
    assert net.flips() == []


def test_lease_from_an_unlisted_server_in_the_schools_ranges_is_raised_for_one_pc_at_school(
    net: Net,
) -> None:
    net.sites[CODE] = SITE
    net.minutes(3, net.normal)
    net.minutes(1, net.normal, lambda: net.lease(net.pcs[0], "10.1.0.66"))
    assert net.open["rogue_dhcp"].address == "10.1.0.66"


def test_new_router_that_serves_in_place_of_the_old_one_is_no_rogue(net: Net) -> None:
    net.minutes(10, net.normal)

    def new_router() -> None:
        net.offers(("10.1.0.254", OTHER))
        for agent in (net.sentinel, *net.pcs):
            net.gateway(agent, OTHER, "10.1.0.254")
            net.lease(agent, "10.1.0.254")

    net.minutes(25)
    net.minutes(60, new_router)
    assert net.flips() == []


def test_server_that_is_silent_for_a_holiday_is_nothing(net: Net) -> None:
    net.minutes(5, net.normal)
    net.minutes(600, net.offers)
    net.minutes(5, net.normal)
    assert net.flips() == []
