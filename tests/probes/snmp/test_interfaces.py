from __future__ import annotations

from typing import Any

import pytest

from probes.snmp.answer import Table
from probes.snmp.counters import Counter
from probes.snmp.interfaces import Port, counter, ports_of, speed_of


def ports(*rows: dict[str, Any]) -> list[Port]:
    """Of rows with the indexes 1, 2, ..."""
    table = Table({(at,): row for at, row in enumerate(rows, 1)})
    return list(ports_of(table, "all").values())


def names(*rows: dict[str, Any]) -> list[str]:
    return [port.name for port in ports(*rows)]


def test_name_is_the_short_one_else_the_description() -> None:
    assert names(
        {"name": b"GE0/1", "descr": b"GigabitEthernet0/1"},
        {"name": b"", "descr": b"Fast 0/2\0"},
        {"descr": "网卡".encode("gb18030") + b"\0"},
    ) == ["GE0/1", "Fast 0/2", "网卡"]


def test_names_that_several_share_bear_their_index() -> None:
    assert names({"name": b"port"}, {"name": b"port"}, {"name": b"up"}) == [
        "port#1",
        "port#2",
        "up",
    ]


def test_interface_without_a_name_is_known_by_its_index() -> None:
    assert names({}, {"name": 5, "descr": b"\0"}) == ["#1", "#2"]


def test_name_that_stands_for_the_device_is_not_given_to_a_port() -> None:
    assert names({"name": b"all"}) == ["all#1"]


@pytest.mark.parametrize(
    ("speed", "high", "expected"),
    [
        (100_000_000, 100, 1e8),
        (4_294_967_295, 10_000, 1e10),
        (4_294_967_295, None, None),
        (4_294_967_295, 0, None),
        (1_544_000, 2, 1_544_000),
        (10_000_000, 1000, 1e9),
        (1_000_000_000, None, 1e9),
        (1_000_000_000, 1_000_000_000, 1e9),  # bits where millions should be
        (0, 0, None),
        (None, None, None),
        (0, 1000, 1e9),
        (-5, None, None),
    ],
)
def test_speed_is_exact_where_it_can_be(
    speed: int | None, high: int | None, expected: float | None
) -> None:
    assert speed_of(speed, high) == expected


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        (5, 2**40, Counter(2**40, True)),
        (5, None, Counter(5, False)),
        (None, 7, Counter(7, True)),
        (0, 0, Counter(0, True)),
        (5, 0, Counter(5, False)),  # it has the other by name only
        (None, None, None),
        (b"5", b"7", None),
        (2**33, None, Counter(2**33, True)),  # 64 bits under the name of 32
        (2**64, None, None),
        (-5, None, None),
        (5, -1, Counter(5, False)),
    ],
)
def test_counter_has_64_bits_where_the_device_counts_so(
    narrow: Any, wide: Any, expected: Counter | None
) -> None:
    assert counter(narrow, wide) == expected


def test_some_ports_may_have_64_bits_and_others_not() -> None:
    one, other = ports({"in_octets": 5, "hc_in_octets": 2**40}, {"in_octets": 5})
    assert one.counters["in_octets"].wide
    assert not other.counters["in_octets"].wide


@pytest.mark.parametrize(
    ("oper", "up"),
    [(1, True), (2, False), (3, False), (4, None), (5, None), (6, False), (7, False), (None, None)],
)
def test_state_that_is_unknown_is_not_down(oper: int | None, up: bool | None) -> None:
    (port,) = ports({} if oper is None else {"oper": oper})
    assert port.up is up


def test_what_is_absent_stays_absent() -> None:
    (port,) = ports({"name": b"GE0/1", "type": b"6", "admin": 9})
    assert (port.kind, port.speed, port.up, port.enabled, port.counters, port.discontinuity) == (
        None, None, None, None, {}, None,
    )  # fmt: skip


def test_row_whose_index_is_no_interface_is_left_out() -> None:
    assert ports_of(Table({(1, 2): {"name": b"GE0/1"}, (): {}}), "all") == {}
