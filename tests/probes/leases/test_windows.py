from __future__ import annotations

from typing import Any

import pytest

from probes.leases import windows as leases
from probes.leases.model import Lease
from probes.model import ProbeError
from tests.fakes.windows import FakeWindows

NETWORK = r"SYSTEM\CurrentControlSet\Control\Network\{4d36e972-e325-11ce-bfc1-08002be10318}"
BY_DHCP: dict[str, Any] = {
    "EnableDHCP": 1, "DhcpIPAddress": "192.168.1.23", "DhcpServer": "192.168.1.1",
    "DhcpDefaultGateway": ["192.168.1.1"], "DhcpNameServer": "192.168.1.1 223.5.5.5",
    "LeaseObtainedTime": 1795680000, "LeaseTerminatesTime": 1795766400,
}  # fmt: skip
STATIC = {**BY_DHCP, "EnableDHCP": 0, "IPAddress": ["10.0.0.5"]}


def machine(windows: FakeWindows, **values: dict[str, Any]) -> None:
    """Connection name -> what TCP/IP keeps of it."""
    keys: dict[str, dict[str, Any]] = {rf"{leases.INTERFACES}\{{without-a-name}}": BY_DHCP}
    for number, (name, kept) in enumerate(values.items()):
        keys[rf"{leases.INTERFACES}\{{guid-{number}}}"] = kept
        keys[rf"{NETWORK}\{{guid-{number}}}\Connection"] = {"Name": name}
    windows.have(keys)


def test_lease_is_what_the_registry_keeps(windows: FakeWindows) -> None:
    machine(windows, 以太网=BY_DHCP, WLAN=STATIC)
    assert list(leases.leases()) == [
        Lease(
            interface="以太网", address="192.168.1.23", server="192.168.1.1",
            routers=("192.168.1.1",), resolvers=("192.168.1.1", "223.5.5.5"), ends=1795766400,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    "without",
    [
        {"DhcpIPAddress": "0.0.0.0", "DhcpServer": "255.255.255.255"},
        {"EnableDHCP": None},
        {"DhcpIPAddress": None},
    ],
)
def test_interface_that_waits_for_a_lease_has_none(
    windows: FakeWindows, without: dict[str, Any]
) -> None:
    machine(windows, 以太网={**BY_DHCP, **without})
    assert list(leases.leases()) == []


@pytest.mark.parametrize("ends", [0x7FFFFFFF, 0xFFFFFFFF, 0, "soon"])
def test_lease_without_an_end_has_none(windows: FakeWindows, ends: object) -> None:
    machine(windows, 以太网={**BY_DHCP, "LeaseTerminatesTime": ends, "DhcpDefaultGateway": None})
    (found,) = leases.leases()
    assert (found.ends, found.routers) == (None, ())


def test_registry_without_tcp_ip_is_no_source(windows: FakeWindows) -> None:
    with pytest.raises(ProbeError) as caught:
        list(leases.leases())
    assert caught.value.reason == "no_source"
