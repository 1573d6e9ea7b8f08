from __future__ import annotations

import tracemalloc
from time import process_time

from probes.snmp import fdb
from probes.snmp.answer import Row, Table
from probes.snmp.fdb import Station, by_interface, stations
from tests.probes.snmp.rows import table

NAMES = {1001: "GE0/0/1", 1002: "GE0/0/2"}
PORTS: dict[str, Row] = {"1": {"interface": 1001}, "2": {"interface": 1002}}
PC, PHONE = "0.27.2.12.13.14", "0.27.2.12.13.15"
PC_MAC, PHONE_MAC = "00:1b:02:0c:0d:0e", "00:1b:02:0c:0d:0f"


def learned(port: int) -> Row:
    return {"port": port, "status": 3}


def tables(
    plain: dict[str, Row] | None = None,
    by_vlan: dict[str, Row] | None = None,
    vlans: dict[str, Row] | None = None,
    ports: dict[str, Row] | None = None,
) -> dict[str, Table]:
    return {
        fdb.PLAIN: table(plain),
        fdb.BY_VLAN: table(by_vlan),
        fdb.VLANS: table(vlans),
        fdb.PORTS: table(PORTS if ports is None else ports),
    }


def test_address_is_at_the_interface_of_its_bridge_port() -> None:
    found = stations(tables(plain={PC: learned(2)}), NAMES)
    assert found == {Station("GE0/0/2", PC_MAC, "-")}


def test_vlan_is_the_one_that_uses_the_database() -> None:
    found = stations(
        tables(by_vlan={f"2.{PC}": learned(1)}, vlans={"0.50": {"database": 2}}), NAMES
    )
    assert found == {Station("GE0/0/1", PC_MAC, "50")}


def test_number_of_a_database_is_no_vlan() -> None:
    """Juniper numbers its databases 131072, 196608, ... and has no table of VLANs."""
    found = stations(tables(by_vlan={f"131072.{PC}": learned(1)}), NAMES)
    assert found == {Station("GE0/0/1", PC_MAC, "-")}


def test_database_that_vlans_share_tells_no_vlan() -> None:
    vlans: dict[str, Row] = {"0.10": {"database": 1}, "0.20": {"database": 1}}
    found = stations(tables(by_vlan={f"1.{PC}": learned(1)}, vlans=vlans), NAMES)
    assert found == {Station("GE0/0/1", PC_MAC, "-")}


def test_address_in_both_tables_is_there_once_with_its_vlan() -> None:
    both = tables(
        plain={PC: learned(1), PHONE: learned(1)},
        by_vlan={f"50.{PC}": learned(1)},
        vlans={"9.50": {"database": 50}},
    )
    assert stations(both, NAMES) == {
        Station("GE0/0/1", PC_MAC, "50"), Station("GE0/0/1", PHONE_MAC, "-")
    }  # fmt: skip


def test_address_that_was_not_learned_was_not_seen() -> None:
    for status in (1, 2, 4, 5, None):
        row: Row = {"port": 1} if status is None else {"port": 1, "status": status}
        assert stations(tables(plain={PC: row}, by_vlan={f"1.{PC}": row}), NAMES) == set()


def test_address_whose_port_is_not_known_is_left_out() -> None:
    assert stations(tables(plain={PC: learned(0), PHONE: {"status": 3}}), NAMES) == set()


def test_awkward_rows_are_left_out() -> None:
    plain: dict[str, Row] = {
        "1": learned(1), f"{PC}.9": learned(1), "0.27.2.12.13.999": learned(1),
        "1.0.94.0.0.1": learned(1), "255.255.255.255.255.255": learned(1),
        "0.0.0.0.0.0": learned(1), PHONE: {"port": b"1", "status": b"\x03"},
    }  # fmt: skip
    assert stations(tables(plain=plain, by_vlan={"7": learned(1), PC: learned(1)}), NAMES) == set()


def test_port_without_an_interface_keeps_its_number() -> None:
    found = stations(tables(plain={PC: learned(7), PHONE: learned(1)}, ports={}), NAMES)
    assert found == {Station("port 7", PC_MAC, "-"), Station("port 1", PHONE_MAC, "-")}


def test_interface_without_a_name_is_a_port() -> None:
    odd: dict[str, Row] = {"1": {"interface": 9999}, "2": {"interface": b"\x01"}}
    found = stations(tables(plain={PC: learned(1), PHONE: learned(2)}, ports=odd), NAMES)
    assert {one.interface for one in found} == {"port 1", "port 2"}


def test_ten_thousand_addresses_take_little_time_and_memory() -> None:
    """Of a whole school, at the one port of a switch that leads to the rest."""
    plain = {f"0.27.{at // 256}.{at % 256}.1.2": learned(1) for at in range(10_000)}
    by_vlan = {f"1.{index}": row for index, row in plain.items()}
    asked = tables(plain, by_vlan, {"0.1": {"database": 1}})
    tracemalloc.start()
    began = process_time()
    found = stations(asked, NAMES)
    grouped = by_interface(found)
    assert process_time() - began < 2
    assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    tracemalloc.stop()
    assert {name: len(here) for name, here in grouped.items()} == {"GE0/0/1": 10_000}
    assert {one.vlan for one in found} == {"1"}


def test_stations_are_grouped_in_order() -> None:
    found = stations(tables(plain={PHONE: learned(1), PC: learned(1)}), NAMES)
    grouped = by_interface(found)
    assert [one.mac for one in grouped["GE0/0/1"]] == [PC_MAC, PHONE_MAC]
