"""`make bench-inventory`: 10,000 devices of 100 schools, from stored readings into the register.

Ten times as many readings as devices: the sweep, switch ports, routers' tables, and agents' own
words. The first look makes every device, the second finds nothing new, the third moves all of them
one reading on, as every later look does.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time

from collector.inventory.mac import mac_or_none
from collector.register.register import Register
from collector.store.storehouse import Storehouse
from probes.model import Role
from tests.bench.report import Figure, Report
from tests.collector.inventory.network import START, Network, agent
from tests.collector.inventory.vocabulary import CATALOG
from tests.collector.store.stock import stock

SCHOOLS, EACH = 100, 100


def main() -> int:
    made = Report("inventory")
    with tempfile.TemporaryDirectory() as folder:
        later = START + timedelta(days=1)
        house = Storehouse(Path(folder) / "store", CATALOG, lambda: int(later.timestamp() * 1000))
        register = Register.open(Path(folder) / "register.sqlite3")
        network = Network(register)
        network.store = house.store
        _fill(network, house)
        _time(made, "first look", network.look, "value <= 10")
        _time(made, "look at nothing new", network.look, "value <= 3")
        _fill(network, house)
        _time(made, "look when all were seen again", network.look, "value <= 5")
        _time(made, "devices of one school", lambda: len(network.inventory.of(_school(7))))
        _time(made, "devices of all schools", lambda: _all(network))
        house.close()
        register.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    made.note(f"{SCHOOLS * EACH} devices, {SCHOOLS} schools, peak {peak} MB")
    return made.finish()


def _time(made: Report, name: str, work: Callable[[], int], aim: str | None = None) -> None:
    """CPU: on a machine that does much else, wall time says more about that."""
    wall, spent = perf_counter(), process_time()
    devices = work()
    made.add(Figure(name, process_time() - spent, "s of CPU", aim=aim))
    made.note(f"{name}: {devices} devices, {perf_counter() - wall:.2f} s of wall time")


def _all(network: Network) -> int:
    return sum(len(stock.devices) for stock in network.inventory.stocks())


def _school(number: int) -> str:
    return f"99340{number:05d}"


def _fill(network: Network, house: Storehouse) -> None:
    """An hour of every school: half of its devices have agents with two cards."""
    network.readings.clear()
    network.pass_time(hours=1)
    for number in range(SCHOOLS):
        code, sentinel = _school(number), f"gw-{number}"
        network.enrol(agent(sentinel, Role.GATEWAY, code))
        for device in range(EACH):
            card = _mac(number, device)
            address = f"10.{number}.1.{device}"
            _sees(network, code, sentinel, card, address, device)
            if device % 2:
                id = f"pc-{number}-{device}"
                network.enrol(agent(id, school=code))
                network.owns(id, card, _mac(number, device + 1000), address=address)
                network.beats(id)
    stock(house, network.readings, each=1000)


def _sees(network: Network, code: str, sentinel: str, card: str, address: str, device: int) -> None:
    arp = {"address": address, "mac": card}
    network.read("arp_sweep", arp, {"seen": 1}, "10.1.1.0/24", sentinel, code)
    network.read("snmp_arp", arp, {"seen": 1}, "core", sentinel, code)
    for switch in ("core", "west"):
        port = {"interface": f"GE1/0/{device % 48}", "mac": card, "vlan": "1"}
        network.read("snmp_fdb", port, {"seen": 1}, switch, sentinel, code)


def _mac(school: int, device: int) -> str:
    made = mac_or_none(f"bc2411{school:02x}{device:04x}")
    assert made is not None
    return made


if __name__ == "__main__":
    sys.exit(main())
