from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from probes.leases import openwrt
from probes.leases.model import Lease
from probes.model import ProbeError

WAN: dict[str, Any] = {
    "interface": "wan", "up": True, "uptime": 600, "l3_device": "eth1", "proto": "dhcp",
    "device": "eth1", "ipv4-address": [{"address": "100.64.3.7", "mask": 24}],
    "route": [
        {"target": "100.64.3.0", "mask": 24, "nexthop": "0.0.0.0"},
        {"target": "0.0.0.0", "mask": 0, "nexthop": "100.64.3.1", "source": "100.64.3.7/32"},
    ],
    "dns-server": ["202.96.128.86", "2400:da00::6666"], "data": {"dhcpserver": "100.64.3.2",
    "leasetime": 3600},
}  # fmt: skip
LAN = {"interface": "lan", "up": True, "l3_device": "br-lan", "proto": "static",
       "ipv4-address": [{"address": "192.168.1.1", "mask": 24}]}  # fmt: skip


def dump(*interfaces: dict[str, Any]) -> str:
    return json.dumps({"interface": list(interfaces)})


async def test_interface_with_dhcp_has_a_lease(fake_programs: Callable[..., None]) -> None:
    fake_programs("ubus", dump(LAN, WAN, {**WAN, "up": False}))
    assert await openwrt.leases(10_000) == [
        Lease(
            interface="eth1", address="100.64.3.7", server="100.64.3.2",
            routers=("100.64.3.1",), resolvers=("202.96.128.86",), ends=13_000,
        )
    ]  # fmt: skip


def test_what_is_left_is_not_known_once_it_may_have_been_renewed() -> None:
    (found,) = openwrt.parse(dump({**WAN, "uptime": 1800}), 10_000)
    assert found.ends is None
    (found,) = openwrt.parse(dump({**WAN, "data": {}}), 10_000)
    assert (found.server, found.ends) == ("", None)


async def test_ubus_that_refuses_or_babbles_is_not_an_absent_lease(
    fake_programs: Callable[..., None],
) -> None:
    assert await openwrt.leases(0) == []
    for words, reason in (
        ({"errors": "Command failed: Access denied\n", "code": 6}, "no_privilege"),
        ({"errors": "Failed to connect to ubus\n", "code": 255}, "unreadable"),
        ({"output": "{"}, "unreadable"),
        ({"output": '{"interface": [1]}'}, "unreadable"),
    ):
        fake_programs("ubus", **words)
        with pytest.raises(ProbeError) as caught:
            await openwrt.leases(0)
        assert caught.value.reason == reason
