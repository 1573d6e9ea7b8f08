from __future__ import annotations

import pytest

from probes.snmp import printer as module
from probes.snmp.answer import Row, Table
from probes.snmp.printer import Supply, errors, printers
from probes.snmp.values import Value
from tests.probes.snmp.rows import table

TONER: Row = {"words": b"Black Toner", "unit": 7, "most": 2000, "level": 500}


def tables(
    devices: dict[str, Row] | None = None,
    states: dict[str, Row] | None = None,
    markers: dict[str, Row] | None = None,
    supplies: dict[str, Row] | None = None,
    general: dict[str, Row] | None = None,
) -> dict[str, Table]:
    return {
        module.DEVICES: table(devices), module.PRINTERS: table(states),
        module.GENERAL: table(general),
        module.MARKERS: table(markers), module.SUPPLIES: table(supplies),
    }  # fmt: skip


def supply(**values: Value) -> Supply:
    [found] = printers(tables(supplies={"1.1": {**TONER, **values}}))
    return found.supplies[0]


def test_printer_that_tells_everything() -> None:
    [found] = printers(
        tables(
            {"1": {"words": b"HP LaserJet 400\x00", "status": 2}},
            {"1": {"status": 3, "errors": b"\x00\x00"}},
            {"1.1": {"unit": 7, "count": 12034}},
            {"1.1": TONER},
        )
    )
    assert (found.number, found.model, found.usable) == (1, "HP LaserJet 400", True)
    assert (found.pages, found.errors) == (12034, ())
    assert found.supplies == (Supply("Black Toner", 0.25),)


@pytest.mark.parametrize("level", [-1, -2, -3])
def test_level_that_is_not_known_is_absent_and_not_empty(level: int) -> None:
    assert supply(level=level).left_ratio is None


def test_empty_supply_is_zero() -> None:
    assert supply(level=0).left_ratio == 0


@pytest.mark.parametrize("most", [-2, -1, 0])
def test_level_of_an_unknown_whole_is_absent(most: int) -> None:
    assert supply(most=most).left_ratio is None


def test_level_in_percent_needs_no_whole() -> None:
    assert supply(unit=19, most=-2, level=40).left_ratio == 0.4
    assert supply(unit=19, most=-2, level=400).left_ratio is None


def test_level_above_the_whole_is_absent() -> None:
    assert supply(level=2001).left_ratio is None


def test_supplies_of_one_name_are_told_apart() -> None:
    other: Row = {"words": "黑".encode(), "most": 2, "level": 1}
    rows = {"1.1": TONER, "1.2": TONER, "1.3": other}
    [found] = printers(tables(supplies=rows))
    names = [one.name for one in found.supplies]
    assert names == ["Black Toner (1)", "Black Toner (2)", "黑"]


def test_supply_without_a_name_has_its_number() -> None:
    assert supply(words=b"\x00").name == "supply 1"


@pytest.mark.parametrize(
    ("status", "usable"), [(1, None), (2, True), (3, True), (4, False), (5, False), (6, None)]
)
def test_whether_it_can_print(status: int, usable: bool | None) -> None:
    devices: dict[str, Row] = {"1": {"status": status}}
    [found] = printers(tables(devices, general={"1": {"changes": 0}}))
    assert found.usable is usable


@pytest.mark.parametrize(
    ("bits", "names"),
    [
        *((b"", ()), (b"\x00", ()), (None, None), (0, None)),
        *((b"\x40", ("no_paper",)), (b"\x05\x04", ("jammed", "service_requested",
                                                  "input_tray_empty"))),
        *((b"\x00\x02", ("overdue_maintenance",)), (b"\x00\x01\xff", ())),
    ],
)  # fmt: skip
def test_errors_are_bits_from_the_left(bits: Value | None, names: tuple[str, ...] | None) -> None:
    assert errors(bits) == names


@pytest.mark.parametrize(
    ("rows", "pages"),
    [
        ({"1.1": {"unit": 7, "count": 10}, "1.2": {"unit": 8, "count": 5}}, 15),
        ({"1.1": {"unit": 11, "count": 900}}, None),
        ({"1.1": {"unit": 7, "count": -2}}, None),
        ({"1.1": {"unit": 7}}, None),
        ({"1.1": {"count": 10}}, None),
        ({"1.1": {"unit": 7, "count": 0}}, 0),
    ],
)
def test_pages_are_counted_in_pages(rows: dict[str, Row], pages: int | None) -> None:
    [found] = printers(tables(markers=rows))
    assert found.pages == pages


def test_print_server_has_several_printers() -> None:
    states: dict[str, Row] = {"3": {"errors": b"\x00"}, "5": {"errors": b"\x02"}}
    general: dict[str, Row] = {"3": {"changes": 1}}
    found = printers(tables(states=states, supplies={"5.1": TONER}, general=general))
    assert [(one.number, len(one.supplies)) for one in found] == [(3, 0), (5, 1)]


def test_computer_with_other_devices_is_no_printer() -> None:
    assert printers(tables({"1": {"words": b"AMD Opteron", "status": 2}})) == []


def test_computer_that_prints_is_no_printer() -> None:
    devices: dict[str, Row] = {"1": {"words": b"HP Officejet 6500 E710a-f", "status": 2}}
    assert printers(tables(devices, {"1": {"status": 3, "errors": b"\x00"}})) == []
