from __future__ import annotations

import platform
from pathlib import Path

import pytest

from probes import cards, resolvers
from probes.cards import Card, Medium
from probes.leases.windows import INTERFACES
from probes.model import ProbeError
from tests.fakes.windows import FakeWindows
from tests.probes.leases.test_windows import BY_DHCP, NETWORK

SERVERS = """# made by somebody
search lan
nameserver 10.0.0.1
options edns0
nameserver fe80::1%eth0
nameserver
nameserver not-an-address
nameserver 10.0.0.1
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(resolvers, "ROOT", tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "run/systemd/resolve").mkdir(parents=True)
    return tmp_path


def test_servers_are_those_of_resolv_conf(root: Path) -> None:
    (root / "etc/resolv.conf").write_text(SERVERS)
    assert resolvers.in_use() == ["10.0.0.1", "fe80::1%eth0"]


def test_servers_behind_the_stub_of_systemd_are_meant(root: Path) -> None:
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.53\n")
    assert resolvers.in_use() == ["127.0.0.53"]
    (root / "run/systemd/resolve/resolv.conf").write_text("nameserver 10.0.0.1\n")
    assert resolvers.in_use() == ["10.0.0.1"]


def test_machine_without_servers_says_so(root: Path) -> None:
    with pytest.raises(ProbeError) as caught:
        resolvers.in_use()
    assert caught.value.reason == "no_source"


def test_folder_in_place_of_the_file_is_unreadable(root: Path) -> None:
    (root / "etc/resolv.conf").mkdir()
    with pytest.raises(ProbeError) as caught:
        resolvers.in_use()
    assert caught.value.reason == "unreadable"


def test_windows_asks_what_somebody_set_else_what_dhcp_gave(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    names = ("以太网", "WLAN", "蓝牙网络连接")
    kept = (BY_DHCP, {**BY_DHCP, "NameServer": "10.0.0.9,10.0.0.8"}, BY_DHCP)
    keys = {}
    for number, values in enumerate(kept):
        keys[rf"{INTERFACES}\{{{number}}}"] = values
        keys[rf"{NETWORK}\{{{number}}}\Connection"] = {"Name": names[number]}
    windows.have(keys)
    up = [Card(name, "", ("192.168.1.23",), Medium.WIRED, True, True) for name in names[:2]]
    down = Card(names[2], "", (), Medium.WIRED, True, False)
    monkeypatch.setattr(cards, "cards", lambda: [*up, down])
    assert resolvers.in_use() == ["192.168.1.1", "223.5.5.5", "10.0.0.9", "10.0.0.8"]


def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        resolvers.in_use()
    assert caught.value.reason == "unsupported_system"
