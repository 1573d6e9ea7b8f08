"""An agent that names cards of another school's declared devices takes none of them away."""

from __future__ import annotations

from collector.inventory.book import Wish
from collector.inventory.sighting import Gear
from tests.collector.inventory.network import HERE, THERE, Network, agent, mac

CORE, PRINTER, CAMERA = mac(0x40), mac(0x41), mac(0x42)


def furnish(network: Network) -> None:
    network.enrol(agent("elsewhere", school=THERE))
    network.gear(Gear("core", "10.1.1.2"))
    network.answers("10.1.1.2", CORE)
    network.answers("10.1.1.7", PRINTER)
    network.answers("10.1.1.8", CAMERA)
    network.replies("core")
    network.look()
    said = {"kind": "printer", "asset": "A-001", "standing": "known"}
    network.book.declare([Wish(id=network.device(PRINTER).id, school=HERE, said=said)], "cli:li")


def test_devices_that_were_declared_at_a_school_stay_there(network: Network) -> None:
    furnish(network)
    before = {device.id: device.macs for device in network.devices()}
    for _ in range(3):
        network.pass_time(minutes=10)
        network.owns("elsewhere", CORE, PRINTER)
        assert {device.id: device.macs for device in network.devices()} == before
    assert network.device(PRINTER).said is not None


def test_machine_that_went_to_another_school_is_one_device_there(network: Network) -> None:
    furnish(network)
    network.pass_time(days=60)
    network.owns("elsewhere", CAMERA)
    assert CAMERA in network.device(CAMERA, THERE).macs
    assert not [device for device in network.devices() if CAMERA in device.macs]
