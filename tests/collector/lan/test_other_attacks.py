"""Conflicts, routers, names, resolvers, storms, filters and management: found, and not imagined."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from collector.lan.look import Answers
from collector.lan.site import Site
from collector.register.model import State
from tests.collector.lan.net import CODE, EVIL, GATEWAY, OTHER, ROUTER, Net

SITE = Site(school=CODE, networks=(ip_network("10.1.0.0/16"),))
HOST = "10.1.1.50"
LINK, LINK2 = "fe80::1", "fe80::66"
TRUE, FALSE = "192.0.2.10", "203.0.113.66"


# Two devices with one address


def test_two_devices_with_one_address_are_found_in_the_second_run(net: Net) -> None:
    net.minutes(1, lambda: net.hears("arp", (HOST, EVIL), (HOST, OTHER)))
    assert net.open == {}
    net.minutes(1, lambda: net.hears("arp", (HOST, EVIL), (HOST, OTHER)))
    found = net.open["address_conflict"]
    assert (found.address, EVIL in found.ground.en, OTHER in found.ground.en) == (HOST, True, True)


def test_many_that_claim_one_address_are_counted_and_not_all_named(net: Net) -> None:
    claims = [(HOST, f"3c:46:d8:00:01:{n:02x}") for n in range(90)]
    net.minutes(3, lambda: net.hears("arp", *claims))
    ground = net.open["address_conflict"].ground
    assert "and 86 more" in ground.en
    assert len(ground.zh.encode()) < 300


def test_address_that_is_handed_over_is_no_conflict(net: Net) -> None:
    net.minutes(3, lambda: net.hears("arp", (HOST, EVIL)))
    net.minutes(1, lambda: net.hears("arp", (HOST, EVIL), (HOST, OTHER)))
    net.minutes(3, lambda: net.hears("arp", (HOST, OTHER)))
    assert net.flips() == []


def test_pc_with_two_cards_is_no_conflict(net: Net) -> None:
    def two_cards() -> None:
        net.hears("arp", (HOST, EVIL), (HOST, OTHER))
        for mac in (EVIL, OTHER):
            net.say("own_addresses", net.pcs[0], mac=mac, address=HOST, medium="wired")

    net.minutes(30, two_cards)
    assert net.flips() == []


def test_proxy_arp_is_no_conflict(net: Net) -> None:
    claims = [(f"10.1.1.{n}", mac) for n in range(10, 16) for mac in (OTHER, f"02:00:00:00:00:{n}")]
    net.minutes(10, lambda: net.hears("arp", *claims))
    assert net.flips() == []


def test_router_that_answers_for_one_host_is_no_conflict(net: Net) -> None:
    net.minutes(10, net.normal, lambda: net.hears("arp", (HOST, ROUTER), (HOST, OTHER)))
    assert net.flips() == []


def test_gateways_address_claimed_by_two_before_anything_is_known_is_a_conflict(net: Net) -> None:
    def both() -> None:
        net.hears("arp", (GATEWAY, ROUTER), (GATEWAY, EVIL))
        net.gateway(net.pcs[0], ROUTER)
        net.gateway(net.pcs[1], EVIL)

    net.minutes(3, both)
    assert list(net.open) == ["address_conflict"]


# IPv6 routers


def test_second_router_is_rogue_and_the_first_ever_seen_is_the_ground(net: Net) -> None:
    net.minutes(5, lambda: net.adverts((LINK, ROUTER, "1800")))
    net.minutes(1, lambda: net.adverts((LINK, ROUTER, "1800"), (LINK2, EVIL, "1800")))
    found = net.open["rogue_router"]
    assert (found.mac, found.address, LINK in found.ground.en) == (EVIL, LINK2, True)


def test_unlisted_router_is_rogue_at_the_first_look(net: Net) -> None:
    net.sites[CODE] = replace(SITE, routers=(LINK,))
    net.minutes(1, lambda: net.adverts((LINK, ROUTER, "1800"), (LINK2, EVIL, "1800")))
    assert net.open["rogue_router"].mac == EVIL


def test_lifetime_of_zero_in_a_routers_name_is_an_attack(net: Net) -> None:
    net.minutes(5, lambda: net.adverts((LINK, ROUTER, "1800")))
    net.minutes(1, lambda: net.adverts((LINK, ROUTER, "1800"), (LINK, EVIL, "0")))
    found = net.open["rogue_router"]
    assert (found.mac, ROUTER in found.ground.en) == (EVIL, True)


def test_impostor_of_a_router_is_known_at_the_first_look_by_the_address_itself(net: Net) -> None:
    made_of_its_mac = "fe80::225:9eff:fe00:1"
    net.minutes(1, lambda: net.hears("ra", (made_of_its_mac, ROUTER), (made_of_its_mac, EVIL)))
    assert net.open["rogue_router"].mac == EVIL


def test_device_that_only_offers_a_prefix_and_a_router_that_leaves_are_nothing(net: Net) -> None:
    net.minutes(5, lambda: net.adverts((LINK, ROUTER, "1800")))
    net.minutes(30, lambda: net.adverts((LINK, ROUTER, "0"), (LINK2, OTHER, "0")))
    assert net.flips() == []


def test_router_that_pcs_follow_is_still_rogue_where_the_gateway_listens(net: Net) -> None:
    net.serve_as_gateway()

    def pcs_use(*routers: str) -> None:
        for pc in net.pcs:
            for router in routers:
                net.gateway(pc, ROUTER if router == LINK else EVIL, router)
            net.gateway(pc)

    net.minutes(90, lambda: pcs_use(LINK))
    net.minutes(60, lambda: pcs_use(LINK, LINK2), lambda: net.adverts((LINK2, EVIL, "1800")))
    assert LINK in net.open["rogue_router"].ground.en
    assert len(net.flips()) == 1


def test_two_routers_from_the_beginning_are_nothing(net: Net) -> None:
    net.minutes(30, lambda: net.adverts((LINK, ROUTER, "1800"), (LINK2, OTHER, "1800")))
    assert net.flips() == []


# Names


def test_one_answer_for_a_random_name_is_enough_and_two_protocols_are_one_finding(
    net: Net,
) -> None:
    for protocol, mac in (("llmnr", EVIL), ("nbns", "-")):
        net.say("name_poisoning", net.sentinel, target="lan", protocol=protocol,
                address="10.1.1.66", mac=mac)  # fmt: skip
    net.minutes(1)
    found = net.open["name_poisoned"]
    assert (found.mac, found.address) == (EVIL, "10.1.1.66")
    assert "llmnr、nbns" in found.ground.zh


def test_hosts_that_answer_for_their_own_names_are_nothing(net: Net) -> None:
    net.minutes(10, lambda: net.hears("name", (HOST, OTHER), ("10.1.1.51", EVIL)))
    assert net.flips() == []


# Resolvers


def resolves(net: Net, name: str, answer: str, agent: str = "", count: float = 1) -> None:
    net.say("resolver_truth", agent or net.sentinel, {"answers_count": count}, target=GATEWAY,
            name=name, answer=answer)  # fmt: skip


@pytest.fixture
def canary(net: Net) -> Net:
    net.answers = Answers({"canary.example": (ip_network(TRUE),)}, "invalid")
    return net


def test_fixed_name_that_leads_elsewhere_twice_is_altered(canary: Net) -> None:
    canary.minutes(1, lambda: resolves(canary, "canary.example", FALSE))
    assert canary.open == {}
    canary.minutes(1, lambda: resolves(canary, "canary.example", FALSE))
    found = canary.open["resolver_altered"]
    assert (found.address, FALSE in found.ground.en, TRUE in found.ground.en) == (
        GATEWAY, True, True,
    )  # fmt: skip


def test_name_that_cannot_exist_must_have_no_answer(canary: Net) -> None:
    canary.minutes(2, lambda: resolves(canary, "x7k2q.invalid", "-", count=0))
    assert canary.open == {}
    canary.minutes(1, lambda: resolves(canary, "x7k2q.invalid", FALSE))
    assert "resolver_altered" in canary.open


def test_names_that_nobody_listed_may_lead_anywhere(canary: Net) -> None:
    canary.minutes(10, lambda: resolves(canary, "www.cdn.example", FALSE))
    canary.minutes(10, lambda: resolves(canary, "canary.example", TRUE))
    assert canary.flips() == []


def test_laptop_behind_the_resolver_of_a_home_is_nothing(canary: Net) -> None:
    def at_home() -> None:
        canary.gateway(canary.pcs[0], OTHER, "192.168.1.1")
        resolves(canary, "canary.example", FALSE, canary.pcs[0])

    canary.minutes(30, at_home)
    assert canary.flips() == []


def test_unlisted_resolver_from_the_listed_server_is_what_an_altered_router_looks_like(
    net: Net,
) -> None:
    net.sites[CODE] = replace(SITE, dhcp_servers=(GATEWAY,), resolvers=(GATEWAY,))

    def leases(resolvers: str) -> None:
        for pc in net.pcs:
            net.gateway(pc)
            net.lease(pc, resolvers=resolvers)

    net.minutes(3, lambda: leases(GATEWAY))
    assert net.open == {}
    net.minutes(1, lambda: leases(f"{FALSE} {GATEWAY}"))
    assert net.open["resolver_altered"].address == FALSE


# Storms


def test_storm_that_every_run_hears_is_raised_with_the_ports_that_bring_it(net: Net) -> None:
    def storm() -> None:
        net.noise(4000)
        for port in ("GE0/0/3", "GE0/0/7"):
            values = {"received_broadcasts_count_per_second": 3000.0}
            net.say("snmp_interfaces", net.sentinel, values, target="core", interface=port)
        turn = "GE0/0/3" if net.now.minute % 2 else "GE0/0/7"
        for n in range(5):
            net.say("snmp_fdb", net.sentinel, target="core", interface=turn,
                    mac=f"3c:46:d8:00:00:{n:02}", vlan="1")  # fmt: skip

    net.minutes(5, storm)
    ground = net.open["lan_loop"].ground.en
    assert "core GE0/0/3" in ground
    assert "back and forth" in ground
    assert len(net.flips()) == 1


def test_restarted_switch_and_the_morning_are_no_storm(net: Net) -> None:
    net.minutes(10, lambda: net.noise(5))
    net.minutes(1, lambda: net.noise(20_000))
    net.minutes(10, lambda: net.noise(60))
    assert net.flips() == []


# The filter, and the gateway's management


def test_filter_that_is_open_for_two_pcs_at_school_is_raised(net: Net) -> None:
    def tried(*pcs: str) -> None:
        for pc in pcs:
            net.gateway(pc)
            net.say("content_filter", pc, {"blocked": 0.0}, category="gambling",
                    name="canary.example", how="resolved")  # fmt: skip

    net.minutes(5, lambda: tried(net.pcs[0]))
    assert net.open == {}
    net.minutes(2, lambda: tried(*net.pcs[:2]))
    assert net.open["filter_open"].watched.target == "gambling"


def test_names_that_must_be_open_are_no_open_filter(net: Net) -> None:
    def tried() -> None:
        for pc in net.pcs:
            net.gateway(pc)
            net.say("content_filter", pc, {"blocked": 0.0}, category="open", name="c", how="open")

    net.minutes(5, tried)
    assert net.flips() == []


def test_two_laptops_in_two_homes_say_nothing_about_the_filter(net: Net) -> None:
    def at_home() -> None:
        for pc, mac in zip(net.pcs, (EVIL, OTHER), strict=False):
            net.gateway(pc, mac, "192.168.1.1")
            net.say("content_filter", pc, {"blocked": 0.0}, category="gambling", name="c", how="x")
            net.say("gateway_management", pc, {"reachable": 1.0}, port="80")

    net.minutes(30, at_home)
    assert net.flips() == []


def test_management_that_two_pcs_reach_is_raised_for_each_port(net: Net) -> None:
    def reach() -> None:
        for pc in net.pcs[:2]:
            net.gateway(pc)
            net.say("gateway_management", pc, {"reachable": 1.0}, port="23")
            net.say("gateway_management", pc, {"reachable": 0.0}, port="22")

    net.minutes(3, reach)
    assert net.open["management_open"].watched.target == "port 23"
    assert net.states() == {"management_open": State.DEGRADED}


def test_sentinel_may_reach_the_management(net: Net) -> None:
    net.minutes(5, lambda: net.say("gateway_management", net.sentinel, {"reachable": 1.0},
                                   port="22"))  # fmt: skip
    assert net.flips() == []
