from __future__ import annotations

import pytest

from probes.snmp import neighbours as lldp
from probes.snmp.answer import Row
from probes.snmp.neighbours import Neighbour, capabilities, neighbours
from tests.probes.snmp.rows import table

NAMES = {1: "GE0/0/1", 24: "GE0/0/24", 565: "ge-1/0/0"}
MAC = b"\x00\x1b\x02\x0c\x0d\x0e"


def heard(
    row: Row,
    port: int = 24,
    local: dict[str, Row] | None = None,
    ports: dict[str, Row] | None = None,
) -> list[Neighbour]:
    tables = {
        lldp.REMOTE: table({f"0.{port}.1": row}),
        lldp.LOCAL: table(local),
        lldp.PORTS: table({"24": {"interface": 24}} if ports is None else ports),
    }
    return neighbours(tables, NAMES)


def switch(**more: object) -> Row:
    row: dict[str, object] = {
        "chassis_kind": 4, "chassis": MAC, "port_kind": 5, "port": b"GE0/0/1", "enabled": b"\x28"
    }  # fmt: skip
    return {**row, **more}  # type: ignore[dict-item]


def test_neighbour_is_its_mac_and_its_port_a_name() -> None:
    assert heard(switch()) == [
        Neighbour("GE0/0/24", "00:1b:02:0c:0d:0e", "GE0/0/1", "bridge router")
    ]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (4, b"00:1b:02:0c:0d:0e", "00:1b:02:0c:0d:0e"),
        (5, b"\x01\x0a\x01\x01\x09", "10.1.1.9"),
        (5, b"\x02\xfe\x80" + b"\x00" * 13 + b"\x01", "fe80::1"),
        (5, b"\x01\x0a\x01\x01", "3F-2"),
        (5, b"10.1.1.9", "3F-2"),
        (4, b"\x00\x1b\x02", "3F-2"),
        (7, "教学楼交换机".encode(), "教学楼交换机"),
        (7, "教学楼".encode("gb18030"), "教学楼"),
        (6, b"GE0/0/1\x00\x00\x00", "GE0/0/1"),
        (1, b"", "3F-2"),
        (None, MAC, "3F-2"),
    ],
)
def test_chassis_is_read_by_its_kind_and_else_is_the_name(
    kind: int | None, value: bytes, shown: str
) -> None:
    row = dict(switch(chassis=value, name=b"3F-2"))
    row.pop("chassis_kind")
    if kind is not None:
        row["chassis_kind"] = kind
    if kind is None:
        row["chassis"] = b"\x00"
    assert [one.neighbour for one in heard(row)] == [shown]


def test_neighbour_that_does_not_say_who_it_is_is_left_out() -> None:
    assert heard(switch(chassis=b"")) == []
    assert heard({}) == []


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (3, MAC, "00:1b:02:0c:0d:0e"),
        (4, b"\x01\x0a\x01\x01\x09", "10.1.1.9"),
        (5, b"Ten-GigabitEther", "Ten-GigabitEther"),
        (7, b"mgmt0\x00\x00", "mgmt0"),
        (7, b"", "uplink"),
        (3, b"\x00", "uplink"),
    ],
)
def test_port_is_read_by_its_kind_and_else_is_its_description(
    kind: int, value: bytes, shown: str
) -> None:
    row = switch(port_kind=kind, port=value, port_words=b"uplink")
    assert [one.port for one in heard(row)] == [shown]


def test_port_that_is_not_told_is_unknown() -> None:
    assert heard({"chassis_kind": 4, "chassis": MAC})[0].port == "-"


@pytest.mark.parametrize(
    ("bits", "shown"),
    [
        *((b"\x28", "bridge router"), (b"\x28\x00\x00\x00", "bridge router")),
        *((b"\x10", "wlanAccessPoint"), (b"\x24", "bridge telephone"), (b"\x01", "stationOnly")),
        *((b"\x80\x00", "other"), (b"\x00", "none"), (b"", "-"), (None, "-"), (40, "-")),
    ],
)
def test_capabilities_are_bits_from_the_left(bits: bytes | int | None, shown: str) -> None:
    assert capabilities(bits) == shown


@pytest.mark.parametrize(
    ("port", "local", "shown"),
    [
        (83886080, {"kind": 5, "port": b"GE0/0/24", "words": b""}, "GE0/0/24"),
        (83886080, {"kind": 3, "port": b"8c:60:4f:19:16:21", "words": b"GE0/0/24"}, "GE0/0/24"),
        (83886080, {"kind": 3, "port": b"8c:60:4f:19:16:21", "words": b"Eth1/1"}, "Eth1/1"),
        (565, {"kind": 7, "port": b"565", "words": b"-"}, "ge-1/0/0"),
        (565, {"kind": 3, "port": b"8c:60:4f:19:16:21", "words": b"h3c big data"}, "ge-1/0/0"),
        (565, {"kind": 5, "port": b"Gi1/0/0", "words": b"Gigabit"}, "ge-1/0/0"),
        (565, {"kind": 5, "port": b"Gi1/0/1", "words": b"Gigabit"}, "Gi1/0/1"),
        (3, {"kind": 5, "port": b"Gi1/1/1", "words": b"GigabitEthernet "}, "Gi1/1/1"),
        (3, {}, "port 3"),
    ],
)
def test_local_port_has_the_name_of_its_interface(port: int, local: Row, shown: str) -> None:
    assert heard(switch(), port, {f"{port}": local})[0].interface == shown


def test_local_port_that_is_not_listed_is_the_bridge_port_of_that_number() -> None:
    assert heard(switch(), 24, {})[0].interface == "GE0/0/24"
    assert heard(switch(), 24, {}, ports={})[0].interface == "GE0/0/24"
    assert heard(switch(), 7, {})[0].interface == "port 7"


def test_number_that_leads_to_two_interfaces_tells_none() -> None:
    mixed_up: dict[str, Row] = {"24": {"interface": 1}}
    assert heard(switch(), 24, {}, mixed_up)[0].interface == "port 24"


def test_row_heard_at_two_times_is_one_neighbour() -> None:
    tables = {
        lldp.REMOTE: table({"0.24.1": switch(), "99.24.1": switch(), "24.1": switch()}),
        lldp.LOCAL: table(), lldp.PORTS: table(),
    }  # fmt: skip
    assert len(neighbours(tables, NAMES)) == 1
