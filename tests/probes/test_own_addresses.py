from __future__ import annotations

import json
import platform
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from probes.dual_homing import linux
from probes.instruments.own_addresses import MOST_ADDRESSES, OwnAddresses
from probes.metrics import SEEN
from probes.model import LOCAL, NoSettings, ProbeError
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import Measure

CLASS = "{4d36e972-e325-11ce-bfc1-08002be10318}"
DRIVERS = rf"SYSTEM\CurrentControlSet\Control\Class\{CLASS}"
CONNECTIONS = rf"SYSTEM\CurrentControlSet\Control\Network\{CLASS}"


class Pc:
    """A machine with the interfaces that a test plugs in."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.addresses: dict[str, list[SimpleNamespace]] = {}
        self.down: set[str] = set()
        monkeypatch.setattr(linux, "SYS_NET", folder)
        monkeypatch.setattr(psutil, "net_if_addrs", lambda: self.addresses)
        monkeypatch.setattr(psutil, "net_if_stats", self._stats)

    def plug(self, name: str, mac: str, *addresses: str, marks: tuple[str, ...] = ()) -> None:
        entries = [(psutil.AF_LINK, mac)] if mac else []
        entries += [(socket.AF_INET6 if ":" in a else socket.AF_INET, a) for a in addresses]
        self.addresses[name] = [SimpleNamespace(family=f, address=a) for f, a in entries]
        for mark in marks:
            (self.folder / name / mark).mkdir(parents=True)

    def _stats(self) -> dict[str, SimpleNamespace]:
        return {name: SimpleNamespace(isup=name not in self.down) for name in self.addresses}


@pytest.fixture
def pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pc:
    return Pc(tmp_path, monkeypatch)


async def rows(measure: Measure) -> list[tuple[str, ...]]:
    readings = await measure(OwnAddresses(NoSettings()))
    assert all(r.values == {SEEN: 1} for r in readings)
    return [tuple(r.labels[k] for k in ("interface", "mac", "address", "medium")) for r in readings]


async def test_cable_and_radio_are_one_machine(pc: Pc, measure: Measure) -> None:
    pc.plug("lo", "00:00:00:00:00:00", "127.0.0.1", "::1")
    pc.plug("eth0", "00:E0:4C:68:00:01", "fe80::1%eth0", "10.0.0.5", marks=("device",))
    pc.plug("wlan0", "3c:52:82:00:00:02", marks=("device", "phy80211"))
    pc.down.add("wlan0")
    assert await rows(measure) == [
        ("eth0", "00:e0:4c:68:00:01", "10.0.0.5", "wired"),
        ("eth0", "00:e0:4c:68:00:01", "fe80::1", "wired"),
        ("wlan0", "3c:52:82:00:00:02", "-", "wireless"),
    ]


async def test_virtual_interface_counts_while_it_has_an_address(pc: Pc, measure: Measure) -> None:
    pc.plug("docker0", "02:42:ac:11:00:01", "172.17.0.1")
    pc.plug("eth0", "00:e0:4c:68:00:01", marks=("device",))
    pc.plug("veth1", "aa:00:00:00:00:01", "fe80::2")
    pc.plug("tun0", "", "10.8.0.2")
    pc.plug("virbr0", "52:54:00:00:00:01", "192.168.122.1")
    pc.down.add("virbr0")
    assert await rows(measure) == [
        ("eth0", "00:e0:4c:68:00:01", "-", "wired"),
        ("docker0", "02:42:ac:11:00:01", "172.17.0.1", "virtual"),
        ("tun0", "-", "10.8.0.2", "virtual"),
    ]


async def test_addresses_of_one_interface_are_bounded(pc: Pc, measure: Measure) -> None:
    many = [f"fd00::{n:x}" for n in range(1, 40)]
    pc.plug("eth0", "00:e0:4c:68:00:01", *many, marks=("device",))
    assert len(await rows(measure)) == MOST_ADDRESSES


async def test_windows_pc_has_its_media_from_its_drivers(
    pc: Pc, windows: FakeWindows, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    keys: dict[str, dict[str, object]] = {}
    for number, (name, flags, kind) in enumerate(
        [("以太网", 0x84, 6), ("WLAN", 0x84, 71), ("vEthernet", 0x29, 6)]
    ):
        keys[rf"{DRIVERS}\{number:04}"] = {
            "NetCfgInstanceId": f"{{{number}}}", "Characteristics": flags, "*IfType": kind,
        }  # fmt: skip
        keys[rf"{CONNECTIONS}\{{{number}}}\Connection"] = {"Name": name}
    windows.have(keys)
    pc.plug("以太网", "00-E0-4C-68-00-01", "10.0.0.5")
    pc.plug("WLAN", "3C-52-82-00-00-02")
    pc.plug("vEthernet", "00-15-5D-00-00-01", "172.30.0.1")
    pc.plug("Loopback Pseudo-Interface 1", "", "127.0.0.1", "::1")
    assert set(await rows(measure)) == {
        ("以太网", "00:e0:4c:68:00:01", "10.0.0.5", "wired"),
        ("WLAN", "3c:52:82:00:00:02", "-", "wireless"),
        ("vEthernet", "00:15:5d:00:00:01", "172.30.0.1", "virtual"),
    }


@pytest.mark.parametrize(
    ("system", "reason"), [("Linux", "no_card"), ("Darwin", "unsupported_system")]
)
async def test_machine_that_shows_nothing_says_why(
    system: str, reason: str, pc: Pc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    with pytest.raises(ProbeError) as caught:
        await OwnAddresses(NoSettings()).measure(LOCAL)
    assert caught.value.reason == reason


def test_addresses_of_a_real_kernel_are_listed(in_namespace: Callable[[str], str]) -> None:
    out = in_namespace(
        "ip link add here address 02:00:00:00:00:07 type veth peer name there\n"
        "ip link set here up; ip link set there up\n"
        "ip address add 10.9.0.2/24 dev here; ip address add fd09::2/64 dev here nodad\n"
        "probe own_addresses\n"
    )
    rows = {(r["labels"]["mac"], r["labels"]["address"]) for r in json.loads(out)}
    assert {("02:00:00:00:00:07", "10.9.0.2"), ("02:00:00:00:00:07", "fd09::2")} <= rows


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(OwnAddresses)
