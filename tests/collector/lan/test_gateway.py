"""ARP spoofing, and everything that only looks like it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from ipaddress import ip_network

from collector.lan.site import Router, Site
from collector.register.model import State
from probes.model import Role
from tests.collector.lan.net import CODE, EVIL, GATEWAY, OTHER, ROUTER, Net

SITE = Site(school=CODE, networks=(ip_network("10.1.0.0/16"),))
VRRP = "00:00:5e:00:01:05"


def others_are_fine(net: Net) -> None:
    for agent in (net.sentinel, *net.pcs[1:]):
        net.gateway(agent)


def victim_sees(net: Net, mac: str) -> None:
    net.gateway(net.pcs[0], mac)
    others_are_fine(net)


def test_deceived_pc_is_told_while_others_still_see_the_router(net: Net) -> None:
    net.minutes(10, net.normal)
    assert net.open == {}
    net.minutes(5, lambda: victim_sees(net, EVIL))
    found = net.open["gateway_impersonated"]
    assert (found.mac, found.address, found.agents) == (EVIL, GATEWAY, frozenset(net.pcs[:1]))
    assert ROUTER in found.ground.zh
    assert net.flips() == [("gateway_impersonated", State.DOWN)]


def test_attack_that_goes_on_is_raised_once_and_is_over_when_its_victim_sees_the_router(
    net: Net,
) -> None:
    net.minutes(10, net.normal)
    net.minutes(120, lambda: victim_sees(net, EVIL))
    assert len(net.flips()) == 1
    net.minutes(25, net.normal)
    assert net.states()["gateway_impersonated"] is State.DOWN
    net.minutes(10, net.normal)
    assert net.flips()[1:] == [("gateway_impersonated", State.UP)]
    assert net.open == {}


def test_both_on_the_wire_at_one_time_are_an_attack_although_all_agents_are_deceived(
    net: Net,
) -> None:
    net.minutes(10, net.normal)

    def all_deceived() -> None:
        net.hears("arp", (GATEWAY, ROUTER), (GATEWAY, EVIL))
        for agent in (net.sentinel, *net.pcs):
            net.gateway(agent, EVIL)

    net.minutes(2, all_deceived)
    assert net.open["gateway_impersonated"].mac == EVIL
    net.minutes(60, all_deceived)
    assert list(net.open) == ["gateway_impersonated"]


def test_router_that_answers_no_question_is_an_impostor_although_all_follow_it(net: Net) -> None:
    net.minutes(10, net.normal)

    def all_written_over() -> None:
        for agent in (net.sentinel, *net.pcs):
            net.gateway(agent, EVIL, state="used")

    net.minutes(2, all_written_over)
    assert list(net.open) == ["gateway_impersonated"]
    assert "应答" in net.open["gateway_impersonated"].ground.zh
    net.minutes(60, all_written_over)
    assert net.flips() == [("gateway_impersonated", State.DOWN)]


def test_new_router_that_one_kernel_could_not_verify_yet_is_nothing(net: Net) -> None:
    net.minutes(10, net.normal)
    net.gateway(net.pcs[0], OTHER, state="used")
    net.minutes(1)
    assert net.open == {}


def test_mac_that_goes_back_and_forth_is_an_attack(net: Net) -> None:
    net.minutes(10, net.normal)
    for mac in (EVIL, ROUTER, EVIL, ROUTER):
        net.minutes(2, partial(net.gateway, net.pcs[0], mac))
    assert list(net.open) == ["gateway_impersonated"]


def test_registered_mac_is_named_as_the_ground(net: Net) -> None:
    net.sites[CODE] = replace(SITE, gateway=Router(GATEWAY, (ROUTER,)))
    net.minutes(3, net.normal)
    net.minutes(6, lambda: victim_sees(net, EVIL))
    assert "登记的 MAC" in net.open["gateway_impersonated"].ground.zh


def test_restarted_collector_raises_nothing_again_and_goes_on(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(6, lambda: victim_sees(net, EVIL))
    net.start()
    net.minutes(30, lambda: victim_sees(net, EVIL))
    assert len(net.flips()) == 1
    net.minutes(40, net.normal)
    assert [state for _, state in net.flips()] == [State.DOWN, State.UP]


def test_silence_of_the_victim_is_unknown_and_never_over(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(6, lambda: victim_sees(net, EVIL))
    net.minutes(600, lambda: others_are_fine(net))
    assert net.states()["gateway_impersonated"] is State.UNKNOWN
    assert list(net.open) == ["gateway_impersonated"]
    net.minutes(2, net.normal)
    assert net.states()["gateway_impersonated"] is State.UP


def test_mac_that_one_pc_names_for_days_is_not_the_gateways(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(30)
    liar, honest = net.pcs[2], (net.sentinel, net.pcs[1])

    def lied() -> None:
        net.gateway(liar, EVIL)
        for agent in honest:
            net.gateway(agent)

    net.days(2, lied, lambda: net.gateway(net.pcs[0]))
    assert net.flips() == []
    net.minutes(5, lied, lambda: net.gateway(net.pcs[0], EVIL))
    assert net.open["gateway_impersonated"].agents == {net.pcs[0], liar}


def test_only_pc_of_a_school_learns_its_new_router_and_is_deceived_after_that(net: Net) -> None:
    only = net.pcs[0]
    net.minutes(10, lambda: net.gateway(only))
    net.days(2, lambda: net.gateway(only, OTHER))
    assert net.open == {}
    for mac in (EVIL, OTHER, EVIL, OTHER):
        net.minutes(2, partial(net.gateway, only, mac))
    assert net.open["gateway_impersonated"].mac == EVIL


def test_sentinel_that_is_replaced_leaves_what_it_has_learned(net: Net) -> None:
    net.minutes(10, lambda: net.gateway(net.sentinel))
    net.days(2, lambda: net.gateway(net.sentinel, OTHER))
    net.register.revoke(net.sentinel, actor="test")
    net.sentinel = net.enrol(Role.SENTINEL, "another")
    net.minutes(10, lambda: net.gateway(net.sentinel, OTHER))
    net.minutes(30, lambda: net.gateway(net.sentinel, EVIL))
    assert net.open["gateway_changed"].mac == EVIL


def test_two_cards_of_the_gateway_itself_are_nothing(net: Net) -> None:
    net.serve_as_gateway()
    net.minutes(10, net.normal)

    def both_answer() -> None:
        for mac in (ROUTER, OTHER):
            net.say("own_addresses", net.sentinel, interface=mac[-2:], address=GATEWAY, mac=mac,
                    medium="wired")  # fmt: skip
        net.hears("arp", (GATEWAY, ROUTER), (GATEWAY, OTHER))
        for pc in net.pcs:
            net.gateway(pc)

    net.minutes(20, both_answer)
    assert net.flips() == []


def test_pc_that_calls_an_attackers_card_its_own_does_not_acquit_it(net: Net) -> None:
    net.minutes(10, net.normal)

    def framed() -> None:
        for mac in (ROUTER, EVIL):
            net.say("own_addresses", net.pcs[0], interface=mac[-2:], address=GATEWAY, mac=mac,
                    medium="wired")  # fmt: skip
        net.hears("arp", (GATEWAY, ROUTER), (GATEWAY, EVIL))
        others_are_fine(net)

    net.minutes(5, framed)
    assert net.open["gateway_impersonated"].mac == EVIL


def test_every_registered_mac_is_the_gateways(net: Net) -> None:
    net.sites[CODE] = replace(SITE, gateway=Router(GATEWAY, (ROUTER, OTHER)))
    net.minutes(10, net.normal)
    net.minutes(20, lambda: victim_sees(net, OTHER))
    assert net.flips() == []


def test_registered_mac_that_nobody_ever_saw_is_told_of_until_it_is_put_right(net: Net) -> None:
    net.sites[CODE] = replace(SITE, gateway=Router(GATEWAY, (OTHER,)))
    net.minutes(30, net.normal)
    found = net.open["gateway_changed"]
    assert (found.mac, list(net.open)) == (ROUTER, ["gateway_changed"])
    assert OTHER in found.ground.zh
    assert "从来没有" in found.ground.zh
    net.sites[CODE] = replace(SITE, gateway=Router(GATEWAY, (ROUTER,)))
    net.minutes(40, net.normal)
    assert net.open == {}


def test_only_laptop_of_a_school_may_be_at_home_and_says_nothing_of_the_registered_mac(
    net: Net,
) -> None:
    net.sites[CODE] = replace(SITE, gateway=Router(GATEWAY, (ROUTER,)))
    net.minutes(30, lambda: net.gateway(net.pcs[0], OTHER))
    assert net.flips() == []


# Normal life


def test_replaced_router_is_a_notice_and_not_an_attack_for_ever(net: Net) -> None:
    net.minutes(30, net.normal)

    def new_router() -> None:
        for agent in (net.sentinel, *net.pcs):
            net.gateway(agent, OTHER)

    net.minutes(30, new_router)
    found = net.open["gateway_changed"]
    assert (found.mac, list(net.open)) == (OTHER, ["gateway_changed"])
    assert net.states() == {"gateway_changed": State.DEGRADED}
    net.days(1.1, new_router)
    assert net.open == {}
    assert [state for _, state in net.flips()] == [State.DEGRADED, State.UP]


def test_laptop_at_home_whose_router_has_the_same_address_is_nothing(net: Net) -> None:
    net.minutes(10, net.normal)

    def school() -> None:
        others_are_fine(net)

    def at_home() -> None:
        net.gateway(net.pcs[0], OTHER)
        others_are_fine(net)

    net.minutes(60, school)
    net.minutes(120, at_home)
    assert net.flips() == []


def test_laptop_that_is_home_in_ten_minutes_is_nothing(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(10, lambda: others_are_fine(net))
    net.minutes(60, lambda: victim_sees(net, OTHER))
    assert net.flips() == []


def test_laptop_that_is_put_into_its_dock_is_nothing(net: Net) -> None:
    def docked() -> None:
        others_are_fine(net)
        net.gateway(net.pcs[0], interface="eth1")

    net.minutes(10, net.normal)
    net.minutes(20, docked)
    net.minutes(20, net.normal)
    assert net.flips() == []


def test_room_with_a_router_of_its_own_is_nothing(net: Net) -> None:
    def two_rooms() -> None:
        net.gateway(net.pcs[0], OTHER)
        for agent in (net.sentinel, *net.pcs[1:]):
            net.gateway(agent)

    net.minutes(60, two_rooms)
    assert net.flips() == []


def test_laptop_that_is_carried_into_a_room_with_a_router_and_a_pc_of_its_own_is_nothing(
    net: Net,
) -> None:
    resident, laptop = net.pcs[0], net.pcs[1]

    def usual() -> None:
        net.gateway(resident, OTHER)
        for agent in (net.sentinel, net.pcs[2]):
            net.gateway(agent)

    net.minutes(10, lambda: net.gateway(net.sentinel), lambda: net.gateway(laptop))
    net.days(2, usual, lambda: net.gateway(laptop))
    for _ in range(3):
        net.minutes(5, usual, lambda: net.gateway(laptop))
        net.minutes(5, usual, lambda: net.gateway(laptop, OTHER))
    assert net.flips() == []


def test_room_that_does_not_see_the_registered_gateway_says_nothing_of_it(net: Net) -> None:
    net.sites[CODE] = replace(SITE, gateway=Router(GATEWAY, (ROUTER,)))
    net.minutes(60, *(partial(net.gateway, pc, OTHER) for pc in net.pcs))
    assert net.flips() == []


def test_virtual_router_that_moves_is_nothing(net: Net) -> None:
    def one() -> None:
        for agent in (net.sentinel, *net.pcs):
            net.gateway(agent, VRRP)

    def moving() -> None:
        net.hears("arp", (GATEWAY, VRRP), (GATEWAY, ROUTER))
        one()

    net.minutes(20, one)
    net.minutes(1, moving)
    net.minutes(20, one)
    assert net.flips() == []


def test_restarted_switch_is_nothing(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(4)
    net.minutes(10, net.normal)
    assert net.flips() == []


def test_holiday_says_nothing_and_raises_nothing(net: Net) -> None:
    net.minutes(10, net.normal)
    net.minutes(3000)
    net.minutes(10, net.normal)
    assert net.flips() == []


def test_second_card_on_the_network_of_a_phone_is_nothing(net: Net) -> None:
    net.minutes(10, net.normal)

    def with_hotspot() -> None:
        net.normal()
        net.gateway(net.pcs[0], OTHER, "192.168.43.1", interface="wlan0")

    net.minutes(30, with_hotspot)
    net.minutes(30, net.normal, lambda: net.gateway(net.pcs[0], EVIL, "192.168.43.1"))
    assert net.flips() == []
