from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from probes import interfaces
from probes.instruments.interface_rate import Settings, choose
from probes.windows.adapters import adapters
from tests.fakes.windows import FakeWindows

CLASS = "{4d36e972-e325-11ce-bfc1-08002be10318}"
DRIVERS = rf"SYSTEM\CurrentControlSet\Control\Class\{CLASS}"
CONNECTIONS = rf"SYSTEM\CurrentControlSet\Control\Network\{CLASS}"


def machine(windows: FakeWindows, **characteristics: int) -> None:
    """Connection name -> the driver's flags."""
    keys: dict[str, dict[str, object]] = {rf"{DRIVERS}\Properties": {}}
    for number, (name, flags) in enumerate(characteristics.items()):
        identity = f"{{guid-{number}}}"
        keys[rf"{DRIVERS}\{number:04}"] = {
            "NetCfgInstanceId": identity, "Characteristics": flags, "DriverDesc": "网卡",
        }  # fmt: skip
        keys[rf"{CONNECTIONS}\{identity}\Connection"] = {"Name": name}
    windows.have(keys)


def test_hardware_is_told_from_what_only_looks_like_it(windows: FakeWindows) -> None:
    machine(windows, 以太网=0x84, WLAN=0x84, vEthernet=0x29, 微型端口=0x29, 隐藏=0x8C)
    assert adapters() == {
        "以太网": True, "WLAN": True, "vEthernet": False,
        "微型端口": False, "隐藏": False,
    }  # fmt: skip


def test_driver_that_may_not_be_read_hides_no_other(windows: FakeWindows) -> None:
    machine(windows, 以太网=0x84, WLAN=0x84)
    windows.registry.denied.add(rf"{DRIVERS}\0001".lower())
    assert adapters() == {"以太网": True}


def links(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, *names: str
) -> dict[str, interfaces.Link]:
    # On Windows psutil gives no flags.
    stats = {name: SimpleNamespace(isup=True, speed=1000, flags="") for name in names}
    monkeypatch.setattr(psutil, "net_if_stats", lambda: stats)
    windows.become_the_system(interfaces)
    return interfaces.links()


NAMES = ("以太网", "vEthernet", "Loopback Pseudo-Interface 1")


def test_only_hardware_is_reported_on_windows(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(windows, 以太网=0x84, vEthernet=0x29)
    found = links(windows, monkeypatch, *NAMES)
    assert choose(found, Settings()) == ["以太网"]
    assert len(choose(found, Settings(include_containers=True))) == 3


def test_nothing_is_left_out_when_the_registry_does_not_say(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(choose(links(windows, monkeypatch, *NAMES), Settings())) == 3
