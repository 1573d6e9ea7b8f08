"""Sweeps as the register keeps them: one row a network, whoever swept it."""

from __future__ import annotations

from probes.model import Role
from tests.collector.inventory.network import LAN, Network, agent


def test_network_that_two_sentinels_swept_is_one_with_the_newest_count(network: Network) -> None:
    network.enrol(agent("sentinel-2", Role.SENTINEL))
    network.swept(hosts=9, randomised=30)
    network.pass_time(minutes=30)
    network.swept(hosts=9, randomised=7, by="sentinel-2")
    (look,) = network.stock().looks
    assert (look.network, look.randomised, look.last) == (LAN, 7, network.now)


def test_name_of_a_network_that_is_too_long_stops_no_later_look(network: Network) -> None:
    network.swept(hosts=9, network="x" * 200)
    network.look()
    network.swept(hosts=9)
    network.look()
    assert {look.network for look in network.stock().looks} == {LAN, "x" * 64}
