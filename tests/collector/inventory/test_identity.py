"""Who is whom: every device once, however it moves."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from collector.inventory.sighting import Gear, Place
from probes.catalog import Catalog
from probes.model import Role
from tests.collector.inventory.network import HERE, THERE, Network, agent, mac


def test_two_cards_of_one_agent_are_one_device(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.answers("10.1.1.5", mac(1))
    network.answers("10.1.1.6", mac(2))
    assert len(network.devices()) == 2  # nobody can know yet
    network.pass_time(minutes=5)
    network.owns("pc-1", mac(1), mac(2))
    (device,) = network.devices()
    assert device.agent == "pc-1"
    assert set(device.macs) == {mac(1), mac(2)}


def test_pc_that_changes_its_address_is_not_counted_twice(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    before = network.device(mac(1))
    network.pass_time(hours=1)
    network.answers("10.1.1.77", mac(1))
    (device,) = network.devices()
    assert (device.id, device.address) == (before.id, "10.1.1.77")


def test_address_that_passes_to_another_machine_makes_two_devices(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.pass_time(days=1)
    network.answers("10.1.1.5", mac(2))
    assert len(network.devices()) == 2


def test_pc_that_moves_to_another_port_is_one_device_at_the_new_port(network: Network) -> None:
    network.learns("core", "GE0/0/3", mac(1))
    assert network.device(mac(1)).port == "core GE0/0/3"
    network.pass_time(hours=2)
    network.learns("west", "GE0/0/9", mac(1))
    network.beats("sentinel-1")
    assert network.device(mac(1)).port == "west GE0/0/9"


def test_port_of_a_device_is_the_one_with_the_fewest_others(network: Network) -> None:
    network.learns("core", "GE0/0/24", mac(1), mac(2), mac(3))
    network.learns("west", "GE0/0/9", mac(1))
    assert network.device(mac(1)).port == "west GE0/0/9"


def test_dock_that_moves_between_laptops_does_not_merge_them(network: Network) -> None:
    dock = mac(99)
    network.enrol(agent("laptop-1"), agent("laptop-2"))
    network.answers("10.1.1.9", dock)  # seen by the sweep before any agent spoke of it
    network.look()
    network.owns("laptop-1", mac(1), dock)
    network.look()
    network.pass_time(days=1)
    network.owns("laptop-1", mac(1))
    network.owns("laptop-2", mac(2), dock)
    network.answers("10.1.1.9", dock)
    stock = network.stock()
    assert {(d.agent, d.macs) for d in stock.devices} == {
        ("laptop-1", (mac(1),)),
        ("laptop-2", (mac(2),)),
    }
    assert stock.shared == 1


def test_dock_that_stays_with_its_second_laptop_becomes_its_own(network: Network) -> None:
    dock = mac(99)
    network.enrol(agent("laptop-1"), agent("laptop-2"))
    network.owns("laptop-1", mac(1), dock)
    network.owns("laptop-2", mac(2))
    network.look()
    network.pass_time(days=40)
    network.owns("laptop-1", mac(1))
    network.owns("laptop-2", mac(2), dock)
    assert set(network.device(dock).macs) == {mac(2), dock}
    assert len(network.devices()) == 2


def test_replaced_card_leaves_one_device(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    before = network.device(mac(1))
    network.pass_time(days=1)
    network.owns("pc-1", mac(2))
    (device,) = network.devices()
    assert (device.id, device.macs) == (before.id, (mac(2), mac(1)))


def test_card_given_up_long_ago_is_another_device_when_it_is_seen_again(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    network.look()
    network.pass_time(days=40)
    network.owns("pc-1", mac(2))
    network.answers("10.1.1.5", mac(1))
    assert {(d.agent, d.macs) for d in network.devices()} == {
        ("pc-1", (mac(2),)),
        ("", (mac(1),)),
    }


def test_silent_agent_keeps_its_cards_over_the_summer(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    network.look()
    network.pass_time(days=70)
    network.answers("10.1.1.5", mac(1))  # switched on, and its agent does not run
    (device,) = network.devices()
    assert device.agent == "pc-1"
    assert device.last_seen == network.now


def test_agent_installed_anew_takes_over_the_device(network: Network) -> None:
    network.enrol(agent("pc-old"))
    network.owns("pc-old", mac(1))
    before = network.device(mac(1))
    network.pass_time(days=1)
    network.enrol(agent("pc-new", enrolled=network.now))
    network.owns("pc-new", mac(1))
    (device,) = network.devices()
    assert (device.id, device.agent) == (before.id, "pc-new")


def test_agent_that_was_thought_replaced_and_speaks_again_is_a_device(network: Network) -> None:
    network.enrol(agent("laptop-1"))
    network.owns("laptop-1", mac(99))  # its only card is a dock's
    network.look()
    network.pass_time(days=1)
    network.enrol(agent("laptop-2", enrolled=network.now))
    network.owns("laptop-2", mac(99))
    assert [d.agent for d in network.devices()] == ["laptop-2"]
    network.pass_time(days=1)
    network.owns("laptop-1", mac(1))
    assert {d.agent for d in network.devices()} == {"laptop-1", "laptop-2"}


def test_machine_whose_agent_is_revoked_stays_by_its_card(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    before = network.device(mac(1))
    network.agents["pc-1"] = replace(network.agents["pc-1"], revoked=True)
    network.pass_time(hours=1)
    network.answers("10.1.1.5", mac(1))
    (device,) = network.devices()
    assert (device.id, device.agent) == (before.id, "")


def test_cloned_disks_are_as_many_devices_as_agents(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1))
    network.owns("pc-1", mac(2))  # the clone, before it was split off
    network.look()
    network.pass_time(hours=1)
    network.enrol(agent("pc-2", enrolled=network.now))
    network.owns("pc-1", mac(1))
    network.owns("pc-2", mac(2))
    network.answers("10.1.1.5", mac(1))
    network.answers("10.1.1.6", mac(2))
    assert [d.agent for d in network.devices()] == ["pc-1", "pc-2"]


def test_virtual_cards_are_not_cards(network: Network) -> None:
    network.enrol(agent("pc-1"), agent("pc-2"))
    for each in ("pc-1", "pc-2"):
        network.owns(each, "00:50:56:c0:00:08", medium="virtual")
    network.owns("pc-1", mac(1))
    network.owns("pc-2", mac(2))
    stock = network.stock()
    assert sorted(d.macs for d in stock.devices) == [(mac(1),), (mac(2),)]
    assert stock.shared == 0


def test_machine_without_hardware_is_known_by_what_it_has_addresses_on(network: Network) -> None:
    network.enrol(agent("vm-1"))
    network.owns("vm-1", mac(1), address="10.1.1.5", medium="virtual")
    network.owns("vm-1", mac(2), medium="virtual")
    network.answers("10.1.1.5", mac(1))
    (device,) = network.devices()
    assert (device.agent, device.macs) == ("vm-1", (mac(1),))


def test_agent_that_says_only_that_it_is_there_is_a_device(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.beats("pc-1")
    (device,) = network.devices()
    assert (device.agent, device.macs, device.name) == ("pc-1", (), "host-pc-1")


def test_gear_that_is_renumbered_stays_one_device(network: Network) -> None:
    network.gear(Gear("core", "10.1.1.2"))
    network.replies("core")
    network.answers("10.1.1.2", mac(1))
    before = network.device(mac(1))
    assert before.name == "core"
    network.gear(Gear("core", "10.1.1.200"))
    network.pass_time(hours=1)
    network.replies("core")
    network.answers("10.1.1.200", mac(1))
    assert [d.id for d in network.devices()] == [before.id]


def test_gear_that_is_renamed_stays_one_device(network: Network) -> None:
    network.gear(Gear("core", "10.1.1.2"))
    network.replies("core")
    network.answers("10.1.1.2", mac(1))
    before = network.device(mac(1))
    network.gear(Gear("main", "10.1.1.2"))
    network.pass_time(hours=1)
    network.replies("main")
    network.answers("10.1.1.2", mac(1))
    assert [(d.id, d.name) for d in network.devices()] == [(before.id, "main")]


def test_two_cards_that_answer_for_gear_are_neither_of_it(network: Network) -> None:
    network.gear(Gear("core", "10.1.1.2"))
    network.replies("core")
    network.answers("10.1.1.2", mac(1))
    network.answers("10.1.1.2", mac(2))
    assert [(d.name, d.macs) for d in network.devices()] == [
        ("core", ()),
        ("", (mac(1),)),
        ("", (mac(2),)),
    ]


def test_gear_that_runs_an_agent_is_one_device(network: Network) -> None:
    network.gear(Gear("router", "10.1.1.1"))
    network.replies("router")
    network.look()
    network.owns("sentinel-1", mac(1), mac(2))
    network.answers("10.1.1.1", mac(1))
    (device,) = network.devices()
    assert (device.agent, device.name) == ("sentinel-1", "router")


def test_ports_of_a_switch_are_that_switch(network: Network) -> None:
    network.gear(Gear("core", "10.1.1.2"))
    network.answers("10.1.1.60", mac(0x103))  # a port, seen before the switch was known
    network.look()
    network.replies("core")
    network.answers("10.1.1.2", mac(0x100))
    network.learns("core", "GE0/0/1", mac(7), mac(0x105))  # what it learns is not its own
    network.answers("10.1.1.61", mac(0x104))
    network.answers("10.1.1.62", mac(0x105))
    found = {d.name or d.macs for d in network.devices()}
    assert found == {"core", (mac(7),), (mac(0x105),)}
    assert set(network.device(mac(0x100)).macs) == {mac(0x100), mac(0x103), mac(0x104)}


def test_neighbour_without_an_address_is_the_only_card_behind_its_port(network: Network) -> None:
    network.learns("core", "GE0/0/7", mac(1))
    network.hears("core", "GE0/0/7", "AP-third-floor", "bridge wlan")
    assert [(d.macs, d.name, d.kind.value) for d in network.devices()] == [
        ((), "core", "switch"),
        ((mac(1),), "AP-third-floor", "access_point"),
    ]


def test_virtual_routers_and_groups_are_no_devices(network: Network) -> None:
    network.answers("10.1.1.1", "00:00:5e:00:01:0a")
    network.answers("10.1.1.255", "ff:ff:ff:ff:ff:ff")
    network.learns("core", "GE0/0/1", "01:00:5e:00:00:fb", "00:00:0c:07:ac:01")
    assert [device.name for device in network.devices()] == ["core"]


def test_made_up_address_is_counted_and_no_device(network: Network) -> None:
    network.answers("10.1.1.50", "da:a1:19:00:00:01")
    network.swept(hosts=31, randomised=30)
    stock = network.stock()
    assert stock.devices == ()
    assert stock.phones.randomised == 30


def test_made_up_address_of_an_agent_is_its_card(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.owns("pc-1", mac(1), "da:a1:19:00:00:01")
    network.answers("10.1.1.50", "da:a1:19:00:00:01")
    (device,) = network.devices()
    assert set(device.macs) == {mac(1), "da:a1:19:00:00:01"}


def test_device_seen_by_two_schools_is_where_its_agent_is(network: Network) -> None:
    network.enrol(agent("sentinel-2", Role.GATEWAY, THERE), agent("pc-1", school=THERE))
    network.answers("10.1.1.5", mac(1))
    network.answers("10.1.1.5", mac(1), THERE, "sentinel-2")
    network.look()
    network.owns("pc-1", mac(1))
    assert network.devices(HERE) == []
    assert [d.agent for d in network.devices(THERE)] == ["pc-1"]


def test_device_moves_to_the_school_that_alone_sees_it(network: Network) -> None:
    network.enrol(agent("sentinel-2", Role.GATEWAY, THERE))
    network.answers("10.1.1.5", mac(1))
    network.look()
    network.pass_time(days=1)
    network.answers("10.2.1.5", mac(1), THERE, "sentinel-2")
    assert len(network.devices(HERE)) == 1  # perhaps only lent
    network.pass_time(days=20)
    network.answers("10.2.1.5", mac(1), THERE, "sentinel-2")
    assert network.devices(HERE) == []
    assert len(network.devices(THERE)) == 1


def test_second_look_at_the_same_readings_changes_nothing(network: Network) -> None:
    network.enrol(agent("pc-1"))
    network.pass_time(seconds=0.25)  # readings have fractions of a second
    network.owns("pc-1", mac(1))
    network.answers("10.1.1.6", mac(2))
    network.learns("core", "GE0/0/1", mac(2))
    assert network.look() > 0
    assert network.look() == 0


def test_time_of_last_seen_is_of_the_reading(network: Network) -> None:
    network.answers("10.1.1.5", mac(1))
    seen = network.now
    network.pass_time(hours=5)
    assert network.device(mac(1)).last_seen == seen


def test_provider_is_no_device_of_the_school(network: Network) -> None:
    labels = {"interface": "wan", "address": "100.64.0.1", "mac": mac(1)}
    network.read("gateway_mac", labels, {"seen": 1})
    assert network.devices() == []


def test_card_that_answers_for_many_addresses_is_one_device_without_an_address(
    network: Network,
) -> None:
    network.answers("many", mac(1))
    (device,) = network.devices()
    assert device.address == ""


def test_neighbour_of_the_network_file_is_known_by_its_name_or_address(network: Network) -> None:
    network.gear(Gear("core", "10.1.1.2"), Gear("west", "10.1.1.3"))
    network.hears("core", "GE0/0/1", "West", "bridge router")
    network.hears("west", "GE0/0/1", "10.1.1.2", "bridge")
    assert {(d.name, d.kind.value) for d in network.devices()} == {
        ("core", "switch"),
        ("west", "switch"),
    }


def test_what_a_device_did_not_tell_is_no_fact(network: Network) -> None:
    network.hears("core", "GE0/0/1", mac(1), "-")
    assert [fact.key for fact in network.device(mac(1)).facts] == ["port"]


def test_address_outside_the_schools_ranges_is_nobody_of_the_school(network: Network) -> None:
    network.places[HERE] = Place((), (ip_network("10.1.0.0/16"),))
    network.read("snmp_arp", {"address": "100.64.0.1", "mac": mac(1)}, {"seen": 1}, "router")
    network.read("snmp_arp", {"address": "10.1.9.9", "mac": mac(2)}, {"seen": 1}, "router")
    assert [d.macs for d in network.devices()] == [(mac(2),)]


def test_catalog_without_the_probes_has_seen_nobody(network: Network) -> None:
    network.catalog = Catalog([])
    network.answers("10.1.1.5", mac(1))
    assert network.devices() == []
