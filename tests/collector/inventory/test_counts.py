"""Exact counts in a made-up school over a term, read from the embedded store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from collector.inventory.compare import counts
from collector.inventory.inventory import Inventory
from collector.inventory.sighting import Gear
from collector.store.storehouse import Storehouse
from tests.collector.inventory.network import HERE, START, Network, agent, mac
from tests.collector.inventory.scene import HIKVISION, VIVO
from tests.collector.inventory.vocabulary import CATALOG
from tests.collector.store.stock import stock

DOCK, LAPTOPS, PCS, CAMERAS, PHONES = mac(0x9000), 3, 40, 8, 5


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Storehouse]:
    later = START + timedelta(days=200)
    opened = Storehouse(tmp_path / "store", CATALOG, lambda: round(later.timestamp() * 1000))
    yield opened
    opened.close()


def pc(number: int) -> str:
    return mac(0x1000 + number)


def term(network: Network, week: int) -> None:
    """What a week looks like: half of the PCs have agents with two cards, addresses differ each
    week, the dock is on another laptop, and in the third week PC 5 has another card."""
    network.replies("core", "1.3.6.1.4.1.25506.11.1")
    network.answers("10.1.1.2", mac(0x4000))
    network.answers("10.1.1.3", mac(0x4005))  # a port of the switch
    for number in range(PCS):
        address = f"10.1.2.{(number * 7 + week * 13) % 250}"
        port = f"GE1/0/{(number + week) % 48}"
        card = mac(0x7777) if number == 5 and week >= 3 else pc(number)
        if number % 2:
            network.owns(f"pc-{number}", card, mac(0x2000 + number), address=address)
            network.answers(f"10.1.3.{number}", mac(0x2000 + number))  # its Wi-Fi
        network.answers(address, card)
        network.learns("core", port, card)
    for number in range(LAPTOPS):
        cards = [mac(0x3000 + number), *([DOCK] if week % LAPTOPS == number else [])]
        network.owns(f"laptop-{number}", *cards)
    network.answers("10.1.2.251", DOCK)
    for number in range(CAMERAS):
        network.answers(f"10.1.4.{number}", mac(number, HIKVISION))
    for number in range(PHONES):
        network.answers(f"10.1.5.{number}", mac(number, VIVO))
    network.answers("10.1.5.200", "da:a1:19:00:00:01")
    network.swept(hosts=100, randomised=60 + week)


def enrol_all(network: Network) -> None:
    network.gear(Gear("core", "10.1.1.2"))
    network.enrol(*(agent(f"pc-{number}") for number in range(1, PCS, 2)))
    network.enrol(*(agent(f"laptop-{number}") for number in range(LAPTOPS)))


def test_counts_are_exact_in_every_week_of_a_term(network: Network, house: Storehouse) -> None:
    enrol_all(network)
    network.store = house.store
    for week in range(8):
        network.readings.clear()
        term(network, week)
        stock(house, network.readings)
        if week == 4:
            house.seal()
        found = network.stock()
        assert {c.kind.value: c.all for c in counts(found.devices, START)} == {
            "switch": 1,
            "pc": PCS // 2 + LAPTOPS,
            "camera": CAMERAS,
            "unknown": PCS // 2,  # no agent, and a maker that says nothing
        }, week
        assert (found.phones.known, found.phones.randomised) == (PHONES, 60 + week)
        assert found.shared == (1 if week else 0)
        network.pass_time(days=7)


def test_restart_counts_nobody_twice(network: Network, house: Storehouse, tmp_path: Path) -> None:
    enrol_all(network)
    term(network, 0)
    stock(house, network.readings)
    network.store = house.store
    before = {device.id: device.macs for device in network.devices()}
    house.seal()
    network.store = None  # all of it comes again, as after a start
    assert {device.id: device.macs for device in network.devices()} == before


def test_answers_are_held_until_something_changes(network: Network) -> None:
    stamp = [0]
    held = Inventory(
        network.book,
        network.policy,
        agents=lambda: list(network.agents.values()),
        places=lambda: network.places,
        stamp=lambda: stamp[0],
    )
    network.answers("10.1.1.5", mac(1))
    network.look()
    before = held.of(HERE)
    network.answers("10.1.1.6", mac(2))
    network.look()
    assert held.of(HERE) is before
    stamp[0] += 1
    assert len(held.of(HERE)) == 2
