from __future__ import annotations

import pytest

from probes.snmp.address import host, inet, station, station_of
from probes.snmp.values import Value, oid


@pytest.mark.parametrize(
    "written",
    [
        b"\x00\x1b\x02\x0c\x0d\x0e",
        b"00:1B:02:0C:0D:0E",
        b"0:1b:2:c:d:e",
        b"00-1b-02-0c-0d-0e",
        b"001b-020c-0d0e",
        b"001b.020c.0d0e",
        b"001B020C0D0E",
        b"00:1b:02:0c:0d:0e\x00",
    ],
)
def test_mac_is_read_however_it_is_written(written: bytes) -> None:
    assert station(written) == "00:1b:02:0c:0d:0e"


@pytest.mark.parametrize(
    "written",
    [
        *(None, 7, oid("1.2.3.4.5.6"), b"", b"\x00" * 6, b"00:00:00:00:00:00"),
        *(b"\x00\x1b\x02\x0c\x0d", b"\x00" * 7 + b"\x01", b"12 35 AB 44", "无".encode()),
        *(b"\xff" * 6, b"\x01\x00\x5e\x00\x00\xfb", b"33:33:00:00:00:01"),
    ],
)
def test_what_is_no_mac_of_one_machine_is_none(written: Value | None) -> None:
    assert station(written) == ""


def test_mac_in_an_index_has_six_octets() -> None:
    assert station_of((0, 27, 2, 12, 13, 14)) == "00:1b:02:0c:0d:0e"
    assert station_of((0, 27, 2, 12, 13)) == ""
    assert station_of((0, 27, 2, 12, 13, 256)) == ""
    assert station_of((6, 0, 27, 2, 12, 13, 14)) == ""


def test_address_in_an_index_may_lack_its_length() -> None:
    assert inet(1, oid("4.172.16.220.1")) == "172.16.220.1"
    assert inet(1, oid("172.16.220.1")) == "172.16.220.1"


def test_ipv6_address_is_written_short_and_without_its_zone() -> None:
    link_local = "254.128.0.0.0.0.0.0.2.36.172.255.254.240.51.90"
    assert inet(2, oid(f"16.{link_local}")) == "fe80::224:acff:fef0:335a"
    assert inet(4, oid(f"20.{link_local}.0.0.0.111")) == "fe80::224:acff:fef0:335a"


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        *((1, "4.10.0.0"), (1, "4.10.0.0.256"), (2, "4.10.0.0.1"), (16, "4.10.0.0.1")),
        *((1, "4.0.0.0.0"), (1, "4.224.0.0.251"), (1, "4.255.255.255.255"), (0, "0")),
    ],
)
def test_what_is_no_address_of_one_machine_is_none(kind: int, rest: str) -> None:
    assert inet(kind, oid(rest)) == ""


def test_octets_of_another_number_are_no_address() -> None:
    assert host(b"") == host(b"10.1.2.3") == ""
