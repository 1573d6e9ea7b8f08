"""Unmodified tools attack a school's network in namespaces, real probes look, and the collector
says what it is. A round stands for five minutes of a school, and takes some seconds."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from collector.lan.kept import Kept
from collector.lan.site import Site
from collector.register.model import State
from collector.store.memory import StoredReading
from probes.instruments.dhcp_offers import DhcpOffers
from probes.instruments.lan_watch import LanWatch
from probes.instruments.lan_watch import Settings as WatchSettings
from probes.instruments.name_poisoning import NamePoisoning
from probes.instruments.name_poisoning import Settings as NameSettings
from probes.instruments.router_adverts import RouterAdverts
from probes.lan.measures import Waiting
from probes.model import LOCAL, Outcome, Probe, ProbeError, Reading
from tests.collector.lan.net import CODE, Net
from tests.lab.school_lan import (
    ATTACKER,
    ATTACKER_MAC,
    GATEWAY,
    GATEWAY_MAC,
    NETWORK,
    SchoolLan,
    in_lab,
    school_lan,
)
from tests.lab.space import Space

pytestmark = [
    pytest.mark.long,
    pytest.mark.server("arpspoof"),
    pytest.mark.server("dnsmasq"),
    pytest.mark.server("radvd"),
]
ROUND = timedelta(minutes=5)
WAITING = Waiting(networks=(NETWORK,), seconds=2)
WAITING_FOR_ROUTERS = Waiting(networks=(NETWORK,), seconds=5)
"""RFC 4861: a router that has just advertised lets three seconds pass before it answers."""
PCS = (("10.61.7.21", "8c:ec:4b:00:00:21"), ("10.61.7.22", "8c:ec:4b:00:00:22"))


class Attacked:
    """A gateway, a sentinel, two PCs and an attacker at one switch, and who looks at them."""

    def __init__(self, lan: SchoolLan, net: Net) -> None:
        self.lan = lan
        self.net = net
        self.gateway = lan.host("gateway", GATEWAY, GATEWAY_MAC, ipv6=True)
        self.attacker = lan.host("attacker", ATTACKER, ATTACKER_MAC, ipv6=True)
        self.attacker.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.pcs = [lan.host(f"pc{n}", address, mac) for n, (address, mac) in enumerate(PCS)]
        for space in (lan.sentinel, *self.pcs):
            space.ip("route", "add", "default", "via", GATEWAY)

    def rounds(self, number: int) -> None:
        for _ in range(number):
            self.net.now += ROUND
            asyncio.run(self._look())
            self._learn_ports()
            self.net.detection.work()

    async def _look(self) -> None:
        sentinel, net = self.lan.sentinel, self.net
        by_sentinel: list[Probe[Any]] = [
            DhcpOffers(WAITING),
            RouterAdverts(WAITING_FOR_ROUTERS),
            LanWatch(WatchSettings(networks=(NETWORK,), seconds=3)),
            NamePoisoning(NameSettings(networks=(NETWORK,), seconds=1)),
        ]
        machines = [(net.sentinel, sentinel), *zip(net.pcs, self.pcs, strict=True)]
        await asyncio.gather(
            *(asyncio.to_thread(self._run, net.sentinel, sentinel, p) for p in by_sentinel),
            *(asyncio.to_thread(self._gateway_mac, *machine) for machine in machines),
        )

    def _gateway_mac(self, agent: str, space: Space) -> None:
        """In a process of its own: what a thread reads below /proc is of its whole process."""
        words = space.command(sys.executable, "-m", "probes", "run", "gateway_mac", "--json")
        # Nothing learned is an exit status of its own, and no fault of the test.
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        for row in json.loads(done.stdout or "[]"):
            if row["outcome"] == Outcome.OK:
                self.net.say("gateway_mac", agent, **row["labels"])

    def _run(self, agent: str, space: Space, probe: Probe[Any]) -> None:
        try:
            measured = space.inside(lambda: asyncio.run(probe.measure(LOCAL)))
        except ProbeError:
            return
        for reading in [measured] if isinstance(measured, Reading) else measured:
            self._store(agent, probe.name, reading)

    def _store(self, agent: str, probe: str, reading: Reading) -> None:
        labels = {name: reading.labels.get(name, "") for name in reading.labels}
        values = {metric.name: value for metric, value in reading.values.items()}
        self.net.store.readings.append(
            StoredReading(
                probe=probe, at=self.net.now - timedelta(seconds=5), school=CODE, agent=agent,
                values=values, target=reading.target or "local", labels=labels,
                outcome=reading.outcome,
            )
        )  # fmt: skip

    def _learn_ports(self) -> None:
        """What the switch's own table says, as SNMP would bring it."""
        for row in json.loads(self.lan.switch.run("bridge", "-j", "fdb", "show")):
            if "permanent" not in (row.get("state"),) and row.get("master") == "lan":
                self.net.say("snmp_fdb", self.net.sentinel, target="core",
                             interface=row["ifname"], mac=row["mac"], vlan="1")  # fmt: skip

    # Who is at work

    def serving(self, space: Space, address: str, first: str) -> AbstractContextManager[str]:
        last = first.rpartition(".")[0] + "." + str(int(first.rpartition(".")[2]) + 5)
        words = [
            *("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root"),
            *("--no-ping", f"--dhcp-range={first},{last},2m", f"--dhcp-option=3,{address}"),
            *("--pid-file", f"--dhcp-leasefile={self.lan.folder / first}"),
        ]
        return self.lan.running(space, words, "DHCP, IP range")

    def advertising(self, space: Space, device: str) -> AbstractContextManager[str]:
        file = self.lan.folder / f"{device}.conf"
        pace = "AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;"
        what = "AdvDefaultLifetime 1800; prefix 2001:db8:7::/64 {};"
        file.write_text(f"interface {device} {{ {pace} {what} }};\n")
        words = ["radvd", "--nodaemon", "--config", str(file), "--logmethod", "stderr"]
        words += ["--pidfile", str(file.with_suffix(".pid")), "--username", "root"]
        return self.lan.running(space, words, "started")

    def spoofing(self, *words: str) -> AbstractContextManager[str]:
        command = ["arpspoof", "-i", "attacker0", *words, GATEWAY]
        return self.lan.running(self.attacker, command, "is-at")

    def poisoning(self, how: str) -> AbstractContextManager[str]:
        words = [sys.executable, "-m", "tests.lab.poisoner", ATTACKER, how]
        return self.lan.running(self.attacker, words, "answering")

    @contextmanager
    def day(self) -> Iterator[None]:
        """The school's own servers are at work."""
        with ExitStack() as stack:
            stack.enter_context(self.serving(self.gateway, GATEWAY, "10.61.7.100"))
            stack.enter_context(self.advertising(self.gateway, "gateway0"))
            yield


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[Attacked]:
    with school_lan() as lan:
        net = Net(tmp_path, pcs=2)
        try:
            made = Attacked(lan, net)
            with made.day():
                yield made
        finally:
            net.register.close()


def the_finding(attacked: Attacked, kind: str) -> Kept:
    """Raised once, with the attacker's MAC and port, and nothing else is raised."""
    assert attacked.net.flips() == [(kind, State.DOWN)]
    found = attacked.net.open[kind]
    assert (found.mac, found.port) == (ATTACKER_MAC, "core attacker0")
    return found


Attack = Callable[[Attacked], AbstractContextManager[str]]


@in_lab
@pytest.mark.parametrize(
    ("kind", "attack"),
    [
        ("rogue_dhcp", lambda a: a.serving(a.attacker, ATTACKER, "10.61.7.200")),
        ("gateway_impersonated", lambda a: a.spoofing("-t", PCS[0][0])),
        ("gateway_impersonated", lambda a: a.spoofing()),
        ("rogue_router", lambda a: a.advertising(a.attacker, "attacker0")),
        ("name_poisoned", lambda a: a.poisoning("all")),
    ],
    ids=["dnsmasq", "arpspoof at one", "arpspoof at all", "radvd", "poisoner"],
)
def test_attack_is_raised_once_within_two_intervals(
    attacked: Attacked, kind: str, attack: Attack
) -> None:
    attacked.rounds(2)
    assert attacked.net.flips() == []
    with attack(attacked):
        attacked.rounds(2)
        the_finding(attacked, kind)
        attacked.rounds(1)
        the_finding(attacked, kind)


@in_lab
def test_normal_day_raises_nothing(attacked: Attacked) -> None:
    attacked.net.sites[CODE] = Site(school=CODE, networks=(ip_network(NETWORK),))
    with attacked.poisoning("own"):
        attacked.rounds(4)
    assert attacked.net.flips() == []
    assert any(r.outcome is Outcome.OK for r in attacked.net.store.readings)
