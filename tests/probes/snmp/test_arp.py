from __future__ import annotations

import pytest

from probes.snmp import arp
from probes.snmp.answer import Row, Table
from probes.snmp.arp import Neighbour, neighbours
from tests.probes.snmp.rows import table

MAC = b"\x00\x1b\x02\x0c\x0d\x0e"
PC = Neighbour("10.1.1.9", "00:1b:02:0c:0d:0e")
FE80 = "254.128.0.0.0.0.0.0.2.36.172.255.254.240.51.90"


def tables(
    media: dict[str, Row] | None = None, physical: dict[str, Row] | None = None
) -> dict[str, Table]:
    return {arp.MEDIA: table(media), arp.PHYSICAL: table(physical)}


def dynamic(mac: bytes = MAC) -> Row:
    return {"mac": mac, "type": 3}


def state(number: int) -> Row:
    return {"mac": MAC, "type": 3, "state": number}


def test_learned_neighbour_is_found_in_the_old_table() -> None:
    assert neighbours(tables(media={"7.10.1.1.9": dynamic()})) == [PC]


def test_neighbour_in_both_tables_is_there_once() -> None:
    both = tables(media={"7.10.1.1.9": dynamic()}, physical={"7.1.4.10.1.1.9": state(1)})
    assert neighbours(both) == [PC]


def test_ipv6_neighbour_is_found() -> None:
    physical = {f"111.4.20.{FE80}.0.0.0.111": state(1), f"7.2.16.{FE80}": state(1)}
    assert neighbours(tables(physical=physical)) == [
        Neighbour("fe80::224:acff:fef0:335a", "00:1b:02:0c:0d:0e")
    ]


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 0])
def test_what_was_not_learned_was_not_seen(kind: int) -> None:
    row: Row = {"mac": MAC, "type": kind, "state": 1}
    assert neighbours(tables({"7.10.1.1.9": row}, {"7.1.4.10.1.1.9": row})) == []


@pytest.mark.parametrize("told", [2, 3, 4, 5, 7])
def test_neighbour_that_may_be_gone_is_not_seen_in_either_table(told: int) -> None:
    both = tables({"7.10.1.1.9": dynamic()}, {"7.1.4.10.1.1.9": state(told)})
    assert neighbours(both) == []


def test_doubt_holds_for_one_interface_only() -> None:
    both = tables({"8.10.1.1.9": dynamic()}, {"7.1.4.10.1.1.9": state(2)})
    assert neighbours(both) == [PC]


def test_state_that_is_not_kept_is_no_doubt() -> None:
    assert neighbours(tables(physical={"7.1.4.10.1.1.9": state(6)})) == [PC]
    odd = tables({"7.10.1.1.9": dynamic()}, {"7.1.4.10.1.1.9": {"type": 0, "state": 0}})
    assert neighbours(odd) == [PC]


def test_two_macs_of_one_address_are_both_seen() -> None:
    other = dynamic(b"\x00\x1b\x02\x0c\x0d\x0f")
    found = neighbours(tables(media={"7.10.1.1.9": dynamic(), "8.10.1.1.9": other}))
    assert [one.mac for one in found] == ["00:1b:02:0c:0d:0e", "00:1b:02:0c:0d:0f"]


def test_mac_as_text_is_read() -> None:
    assert neighbours(tables(media={"7.10.1.1.9": dynamic(b"0:1b:2:c:d:e")})) == [PC]


def test_awkward_rows_are_left_out() -> None:
    media: dict[str, Row] = {
        "1": dynamic(), "7.10.1.1": dynamic(), "7.10.1.1.999": dynamic(),
        "7.10.1.1.1": {"type": 3}, "7.10.1.1.2": {"mac": MAC}, "7.10.1.1.3": dynamic(b""),
        "7.10.1.1.4": dynamic(b"\x00" * 6), "7.10.1.1.5": dynamic(b"\xff" * 6),
        "7.10.1.1.6": dynamic(b"\x00" * 20), "7.224.0.0.9": dynamic(),
        "7.10.1.1.7": {"mac": 7, "type": b"\x03"},
    }  # fmt: skip
    physical: dict[str, Row] = {"1": state(1), "7.1": state(1), "7.1.4.10.1.1": state(1)}
    assert neighbours(tables(media, physical)) == []
