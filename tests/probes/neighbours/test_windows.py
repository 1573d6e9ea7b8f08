"""The tables as Microsoft documents them; that the documents are right, only a Windows can show."""

from __future__ import annotations

import ctypes
import platform
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.instruments import gateway_mac
from probes.instruments.gateway_mac import GatewayMac, Settings
from probes.model import ProbeError
from probes.neighbours import windows as tables
from probes.neighbours.model import Neighbour, Router, State
from probes.windows import ip_table
from tests.fakes.windows import FakeWindows

IPV4, IPV6, LUID = 2, 23, 6 << 48 | 7 << 24
UNREACHABLE, STALE, REACHABLE = 0, 4, 5


def sockaddr(address: str) -> bytes:
    if ":" in address:
        whole = struct.pack("<HHI", IPV6, 0, 0) + socket.inet_pton(socket.AF_INET6, address)
    else:
        whole = struct.pack("<HH", IPV4, 0) + socket.inet_aton(address)
    return whole.ljust(28, b"\0")


def route(hop: str, index: int = 5, length: int = 0) -> bytes:
    to = "::" if ":" in hop else "0.0.0.0"
    row = struct.pack("<QI", LUID, index) + sockaddr(to) + bytes([length, 0, 0, 0]) + sockaddr(hop)
    return row.ljust(104, b"\0")


def neighbour(address: str, mac: str, state: int, index: int = 5) -> bytes:
    raw = bytes.fromhex(mac.replace(":", ""))
    row = sockaddr(address) + struct.pack("<IQ", index, LUID) + raw.ljust(32, b"\0")
    return (row + struct.pack("<Ii", len(raw), state)).ljust(88, b"\0")


def table(*rows: bytes) -> bytes:
    return struct.pack("<II", len(rows), 0) + b"".join(rows)


@pytest.fixture
def pc(windows: FakeWindows) -> dict[str, bytes]:
    """Name of a function -> the table that it gives."""
    kept: list[Any] = []
    content = {"GetIpForwardTable2": table(), "GetIpNetTable2": table()}

    def getter(name: str) -> Callable[[int, Any], int]:
        def get(family: int, out: Any) -> int:
            kept.append(ctypes.create_string_buffer(content[name], len(content[name])))
            out._obj.value = ctypes.addressof(kept[-1])
            return 0

        return get

    def alias(luid: Any, name: Any, size: int) -> int:
        assert luid._obj.value == LUID
        name.value = "以太网"
        return 0

    windows.export(
        "iphlpapi", **{name: getter(name) for name in content}, FreeMibTable=lambda _: None,
        ConvertInterfaceLuidToAlias=alias,
    )  # fmt: skip
    return content


def test_next_hops_of_default_routes_are_the_routers(pc: dict[str, bytes]) -> None:
    pc["GetIpForwardTable2"] = table(
        route("fe80::1"), route("10.0.0.1"), route("10.0.0.9", length=8), route("0.0.0.0")
    )
    assert tables.routers() == [Router("以太网", 5, "10.0.0.1"), Router("以太网", 5, "fe80::1")]


def test_states_are_told_apart(pc: dict[str, bytes]) -> None:
    pc["GetIpNetTable2"] = table(
        neighbour("10.0.0.1", "02:00:00:00:00:01", REACHABLE),
        neighbour("fe80::1", "02:00:00:00:00:02", STALE),
        neighbour("10.0.0.3", "00:00:00:00:00:00", UNREACHABLE),
        neighbour("10.0.0.4", "", 99),
    )
    assert tables.neighbours() == [
        Neighbour(5, "10.0.0.1", "02:00:00:00:00:01", State.CONFIRMED),
        Neighbour(5, "fe80::1", "02:00:00:00:00:02", State.DOUBTED),
        Neighbour(5, "10.0.0.3", "", State.SILENT),
    ]


async def test_router_of_a_windows_pc_is_seen(
    pc: dict[str, bytes], measure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(gateway_mac, "nudge", lambda _: None)
    pc["GetIpForwardTable2"] = table(route("10.0.0.1"))
    pc["GetIpNetTable2"] = table(neighbour("10.0.0.1", "02:00:00:00:00:01", REACHABLE))
    (reading,) = await measure(GatewayMac(Settings()))
    assert reading.labels == {
        "interface": "以太网", "address": "10.0.0.1", "mac": "02:00:00:00:00:01",
        "state": "verified",
    }  # fmt: skip


def test_interface_without_a_name_is_an_error(pc: dict[str, bytes], windows: FakeWindows) -> None:
    windows.export("iphlpapi", ConvertInterfaceLuidToAlias=lambda *_: 87)
    with pytest.raises(ProbeError, match="87"):
        ip_table.interface_name(LUID)


@given(st.binary(max_size=300))
def test_any_table_gives_entries_or_the_declared_error(data: bytes) -> None:
    with suppress(ValueError):
        assert len(tables.entries(data)) >= 0
