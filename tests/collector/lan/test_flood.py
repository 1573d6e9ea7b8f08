"""A machine that makes things up costs little, hides nothing, and fills no table."""

from __future__ import annotations

from dataclasses import replace

from collector.lan.known import MOST_OF_AGENT
from collector.register.model import State
from tests.collector.lan.net import EVIL, ROUTER, Net

MADE_UP = 600


def flood(net: Net, offset: int = 0) -> None:
    """One PC tells of hundreds of gateways."""
    for number in range(offset, offset + MADE_UP):
        high, low = divmod(number, 256)
        mac = f"02:00:00:00:{high:02x}:{low:02x}"
        net.gateway(net.pcs[0], mac, address=f"10.9.{high}.{low}")


def test_machine_that_makes_up_gateways_is_not_learned_without_end(net: Net) -> None:
    net.minutes(1, net.normal)
    for number in range(5):
        net.minutes(1, lambda at=number: flood(net, at * MADE_UP))  # type: ignore[misc]
    own = [fact for fact in net.detection._book.known()["9934000001"] if fact.agent == net.pcs[0]]
    assert len(own) <= MOST_OF_AGENT + 1
    assert net.flips() == []


def test_attack_is_seen_beside_what_a_machine_makes_up(net: Net) -> None:
    net.minutes(8, net.normal)
    net.minutes(2, lambda: flood(net), net.normal)

    def deceived() -> None:
        flood(net)
        net.gateway(net.pcs[1], EVIL)
        net.gateway(net.pcs[2], ROUTER)

    net.minutes(6, deceived)
    assert net.states()["gateway_impersonated"] is State.DOWN


def test_what_cannot_be_an_address_is_neither_learned_nor_found(net: Net) -> None:
    net.minutes(2, net.normal)
    before = net.detection._book.known()["9934000001"].keys()

    def nonsense() -> None:
        net.gateway(net.pcs[0], "3c:46:d8:00:00:66" * 9, address="10.1.0.1")
        net.gateway(net.pcs[0], EVIL, address="1" * 200)
        net.gateway(net.pcs[0], EVIL, address="10.1\0.0.1")
        net.lease(net.pcs[0], "9" * 200)

    net.minutes(3, nonsense)
    assert net.detection._book.known()["9934000001"].keys() == before
    assert net.flips() == []


def test_two_processes_on_one_register_learn_the_same_without_a_failure(net: Net) -> None:
    other = net.detection
    net.start()
    net.minutes(2, net.normal)
    other.work()
    other.work()
    code = "9934000001"
    assert other._known[code].keys() == net.detection._known[code].keys()


def test_long_names_of_machines_fit_the_register(net: Net) -> None:

    net.minutes(3, net.normal, lambda: net.offers(("192.168.0.1", EVIL)))
    kept = net.open["rogue_dhcp"]
    long = replace(kept, owner="x" * 256, port="y" * 300)
    net.detection._book.put([long])
    assert (len(net.open["rogue_dhcp"].owner), len(net.open["rogue_dhcp"].port)) == (128, 128)
