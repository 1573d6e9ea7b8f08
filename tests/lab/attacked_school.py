"""A school whose network somebody attacks: real collector, sentinel and PCs, and what people are
told of it.

bureau ---- gateway ---- switch ---- sentinel, two PCs, an attacker's machine
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from collector.register.model import School
from config.policy_folder import POLICY_FOLDER
from probes.model import Role
from tests.lab.county import County
from tests.lab.network import BUREAU
from tests.lab.school_lan import (
    ATTACKER,
    ATTACKER_MAC,
    GATEWAY,
    GATEWAY_MAC,
    SENTINEL_MAC,
    SchoolLan,
)
from tests.lab.space import Space, Spaces

CODE, NAME = "9934000001", "示范小学"
SWITCH, SWITCH_MAC = "10.61.7.2", "8c:ec:4b:00:00:02"
PCS = (("10.61.7.21", "8c:ec:4b:00:00:21"), ("10.61.7.22", "8c:ec:4b:00:00:22"))
PRINTERS = (("10.61.7.31", "8c:ec:4b:00:00:31"), ("10.61.7.32", "8c:ec:4b:00:00:32"))
PORTS = (
    GATEWAY_MAC,
    SENTINEL_MAC,
    *(mac for _, mac in PCS),
    ATTACKER_MAC,
    *(m for _, m in PRINTERS),
)
"""Of the switch, from 1 on."""
PATIENCE = 90.0
HTTP, SMTP = 8080, 2525
INTERVAL = 5
"""Seconds between two runs of what looks for attacks, here."""

_TASK = '[[{0}]]\nprobe = "{1}"\nevery = {2}\n'
_LAN: Mapping[str, str] = {
    "dhcp_offers": 'networks = "$networks"\nseconds = 2.0\n',
    "router_adverts": 'networks = "$networks"\nseconds = 2.0\n',
    "lan_watch": 'networks = "$networks"\nseconds = 3.0\n',
    "name_poisoning": 'networks = "$networks"\nseconds = 1.0\n',
    "arp_sweep": 'networks = "$sweep"\n',
    "snmp_system": 'devices = "$devices"\n',
    "snmp_fdb": 'devices = "$devices"\n',
}
_SITE = f"""
networks = ["10.61.7.0/24"]
sweep = ["10.61.7.0/24"]
dhcp_servers = ["{GATEWAY}"]
gateway = {{ address = "{GATEWAY}", mac = "{GATEWAY_MAC}" }}
[[device]]
name = "core"
host = "{SWITCH}"
credential = "switches"
kind = "switch"
"""
_CREDENTIALS = '[[credential]]\nid = "switches"\nversion = "2c"\ncommunity = "core"\n'
_ROUTES = '[[route]]\nid = "everybody"\nchannels = ["hook"]\nlanguage = "zh"\n'
_CHANNELS = f'[[channel]]\nid = "hook"\nurl = "json://127.0.0.1:{HTTP}/banjun"\n'


class _Bureau:
    """As much of a county's network as the collector needs."""

    def __init__(self, space: Space) -> None:
        self.bureau = space


class AttackedSchool:
    """`start` it, then let somebody attack; `close` it whatever happens."""

    def __init__(self, spaces: Spaces, folder: Path) -> None:
        self.lan = SchoolLan(spaces, folder)
        self._folder = folder
        gateway = self.lan.host("gateway", GATEWAY, GATEWAY_MAC)
        bureau = spaces.add("bureau")
        spaces.cable(gateway, "wan", bureau, "eth0")
        gateway.ip("addr", "add", "10.80.0.254/24", "dev", "wan")
        bureau.ip("addr", "add", f"{BUREAU}/24", "dev", "eth0")
        bureau.ip("route", "add", "default", "via", "10.80.0.254")
        self.gateway = gateway
        self.pcs = [self.lan.host(f"pc{n}", address, mac) for n, (address, mac) in enumerate(PCS)]
        self.attacker = self.lan.host("attacker", ATTACKER, ATTACKER_MAC, ipv6=True)
        for space in (self.lan.sentinel, *self.pcs):
            space.ip("route", "add", "default", "via", GATEWAY)
        self.lan.hosts(self.lan.room("room"), "printer", PRINTERS)
        self.lan.switch.ip("link", "set", "lan", "address", SWITCH_MAC)
        self.lan.switch.ip("addr", "add", f"{SWITCH}/24", "dev", "lan")
        network: Any = _Bureau(bureau)
        programs = self.lan.programs
        self.county = County(network, folder, programs, "tests.lab.quick_collector")
        self._bureau = bureau
        self._book = folder / "book.jsonl"
        self._at_work = ExitStack()

    def start(self) -> None:
        """Until every agent has been heard and everything has been looked at twice."""
        own = self.serving_addresses(self.gateway, "gateway0", "10.61.7.100")
        self._at_work.enter_context(own)
        self._answer_snmp()
        school = School(code=CODE, name=NAME, adcode="340199", classes={"primary": 12})
        self.county.prepare([school], _policies(), "judge_every = 1.0\n")
        self._describe()
        words = ("-m", "tests.lab.notifier", str(self._book), str(SMTP), str(HTTP))
        self.lan.programs.start("notifier", self._bureau.command(sys.executable, *words))
        self.county.start_collector()
        self.county.enrol(CODE, self.lan.sentinel, Role.SENTINEL, "-sentinel")
        for number, pc in enumerate(self.pcs):
            self.county.enrol(CODE, pc, Role.PC, f"-pc{number}")
        for probe in (*_LAN, "gateway_mac"):
            self.wait(partial(self._has_run, probe), f"{probe} has run")

    def serving_addresses(
        self, space: Space, device: str, first: str
    ) -> AbstractContextManager[str]:
        """By DHCP, as long as it is entered."""
        words = [
            "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=root", "--port=0",
            "--conf-file=/dev/null", f"--interface={device}", "--bind-interfaces", "--no-ping",
            f"--dhcp-range={first},{first},5m", f"--dhcp-leasefile={self._folder / device}",
            "--pid-file=",
        ]  # fmt: skip
        return self.lan.running(space, words, "DHCP, IP range")

    def _answer_snmp(self) -> None:
        data = self._folder / "snmp"
        data.mkdir()
        (data / "core.snmprec").write_text(_switch_says())
        program = shutil.which("snmpsim-command-responder", path=str(Path(sys.executable).parent))
        assert program, "pip install snmpsim"
        words = [
            program, "--process-user=root", "--process-group=root", f"--data-dir={data}",
            f"--cache-dir={self._folder}/snmp-cache", f"--agent-udpv4-endpoint={SWITCH}:161",
        ]  # fmt: skip
        self.lan.programs.start("snmpsim", self.lan.switch.command(*words))

    def _describe(self) -> None:
        folder = self.county.data_dir
        (folder / "lan").mkdir(exist_ok=True)
        (folder / "lan" / f"{CODE}.toml").write_text(_SITE)
        secrets = {"lan/credentials.toml": _CREDENTIALS, "channels.toml": _CHANNELS}
        for name, text in secrets.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)

    def close(self) -> None:
        self._at_work.close()
        self.lan.programs.end_all()

    def wait(self, happened: Callable[[], bool], what: str) -> None:
        self.lan.programs.wait(happened, what, PATIENCE)

    def hold(self, seconds: float) -> None:
        """Let it go on for so long; raises EndedError if a program ends."""
        until = time.monotonic() + seconds
        self.lan.programs.wait(lambda: time.monotonic() > until, "time goes by", seconds + 5)

    def _has_run(self, probe: str) -> bool:
        found = self.county.ask("/v1/query", metric=f"{probe}.{_SAID[probe]}", statistic="latest")
        return bool(found)

    def incidents(self) -> list[str]:
        """The causes of all that there ever were."""
        return [row["cause"] for row in self.county.ask("/v1/incidents", school=CODE) or []]

    def devices(self) -> dict[str, dict[str, Any]]:
        """The inventory by the first MAC of each device."""
        rows = json.loads(self.county.tell("inventory", "list", "--school", CODE, "--json"))
        return {row["macs"][0] if row["macs"] else row["name"]: row for row in rows["devices"]}

    def told(self, word: str) -> list[str]:
        """Bodies of the messages with that word, in order."""
        if not self._book.exists():
            return []
        rows = [json.loads(line) for line in self._book.read_text("utf-8").splitlines()]
        return [row["body"] for row in rows if word in row["subject"] + row["body"]]

    def readdress(self, number: int, address: str) -> None:
        """A PC has another address from now on."""
        pc, device = self.pcs[number], f"pc{number}0"
        pc.ip("addr", "flush", "dev", device)
        pc.ip("addr", "add", f"{address}/24", "dev", device)
        pc.ip("route", "add", "default", "via", GATEWAY)


_SAID: Mapping[str, str] = {
    "dhcp_offers": "servers_count",
    "router_adverts": "routers_count",
    "lan_watch": "heard_seconds",
    "name_poisoning": "answerers_count",
    "arp_sweep": "hosts_count",
    "snmp_system": "uptime_seconds",
    "snmp_fdb": "seen",
    "gateway_mac": "seen",
}
"""Probe -> a metric that it has whenever it ran."""


def _policies() -> dict[str, str]:
    """As shipped, with a quick schedule and incidents that settle at once."""
    head = "push_every = 3\nseal_every = 1\n"
    roles = [
        f"[role.{role}]\n{head}" + _TASK.format(f"role.{role}.task", "gateway_mac", INTERVAL)
        + _TASK.format(f"role.{role}.task", "own_addresses", INTERVAL)
        for role in ("sentinel", "pc")
    ]  # fmt: skip
    lan = [
        _TASK.format("lan.task", probe, INTERVAL) + f"[lan.task.settings]\n{settings}"
        for probe, settings in _LAN.items()
    ]
    incidents = (POLICY_FOLDER / "incidents.toml").read_text("utf-8")
    return {
        "schedule.toml": "".join(roles + lan),
        "routes.toml": _ROUTES,
        "incidents.toml": incidents.replace('wait = "150 s"', 'wait = "1 s"'),
    }


def _switch_says() -> str:
    """A recording of the switch, as snmpsim reads it (OID|type|value)."""
    rows = {
        "1.3.6.1.2.1.1.1.0": "4|School switch",
        "1.3.6.1.2.1.1.2.0": "6|1.3.6.1.4.1.25506.1.1",
        "1.3.6.1.2.1.1.3.0": "67|360000",
        "1.3.6.1.2.1.1.5.0": "4|core",
    }
    for port, mac in enumerate(PORTS, 1):
        index = ".".join(str(int(part, 16)) for part in mac.split(":"))
        rows[f"1.3.6.1.2.1.2.2.1.1.{port}"] = f"2|{port}"
        rows[f"1.3.6.1.2.1.2.2.1.2.{port}"] = f"4|GigabitEthernet0/0/{port}"
        rows[f"1.3.6.1.2.1.17.1.4.1.2.{port}"] = f"2|{port}"
        rows[f"1.3.6.1.2.1.17.4.3.1.1.{index}"] = f"4x|{mac.replace(':', '')}"
        rows[f"1.3.6.1.2.1.17.4.3.1.2.{index}"] = f"2|{port}"
        rows[f"1.3.6.1.2.1.17.4.3.1.3.{index}"] = "2|3"
        rows[f"1.3.6.1.2.1.31.1.1.1.1.{port}"] = f"4|GE0/0/{port}"
    by_oid = sorted(rows.items(), key=lambda row: [int(n) for n in row[0].split(".")])
    return "".join(f"{oid}|{value}\n" for oid, value in by_oid)
