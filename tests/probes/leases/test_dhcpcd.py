from __future__ import annotations

import os
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.leases import dhcpcd
from probes.leases.model import Lease


def option(kind: int, *values: str | int) -> bytes:
    raw = b"".join(
        IPv4Address(v).packed if isinstance(v, str) else v.to_bytes(4, "big") for v in values
    )
    return bytes([kind, len(raw)]) + raw


def message(*options: bytes, address: str = "10.0.0.5") -> bytes:
    head = bytearray(236)
    head[0], head[16:20] = 2, IPv4Address(address).packed
    return bytes(head) + bytes((99, 130, 83, 99)) + b"".join(options) + b"\xff"


GOOD = message(
    b"\x35\x01\x05", option(54, "10.0.0.2"), option(51, 3600), b"\0\0", option(3, "10.0.0.1"),
    option(6, "10.0.0.1", "223.5.5.5"),
)  # fmt: skip


def test_message_of_the_server_is_the_lease() -> None:
    assert dhcpcd.parse(GOOD, "eth0", 1000) == Lease(
        interface="eth0", address="10.0.0.5", server="10.0.0.2", routers=("10.0.0.1",),
        resolvers=("10.0.0.1", "223.5.5.5"), ends=4600, kept_up=False,
    )  # fmt: skip


def test_lease_without_an_end_has_none() -> None:
    assert dhcpcd.parse(message(option(51, 0xFFFFFFFF)), "eth0", 0).ends is None
    assert dhcpcd.parse(message(), "eth0", 0).ends is None


def test_file_belongs_to_the_interface_that_it_is_named_after(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/dhcpcd"
    folder.mkdir(parents=True)
    for name in ("br-lan.lease", "wlan0-Our School.lease", "gone.lease", "dhcpcd-eth0.lease"):
        (folder / name).write_bytes(GOOD)
        os.utime(folder / name, (1000, 1000))
    found = dhcpcd.leases(tmp_path, ["eth0", "wlan0", "br-lan"])
    assert {lease.interface for lease in found} == {"br-lan", "wlan0", "eth0"}


@pytest.mark.parametrize("data", [b"", GOOD[:200], GOOD[:-3], bytes(300)])
def test_what_is_no_message_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="DHCP"):
        dhcpcd.parse(data, "eth0", 0)


@given(st.binary(max_size=80))
def test_any_options_give_a_lease_or_the_declared_error(data: bytes) -> None:
    with suppress(ValueError):
        dhcpcd.parse(message(data), "eth0", 0)
