"""What a printer says of itself: Printer-MIB (RFC 3805) and HOST-RESOURCES-MIB (RFC 2790)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from probes.snmp.answer import Row, Table
from probes.snmp.values import Oid, Value, number, octets, words

DEVICES, PRINTERS = "devices", "printers"
GENERAL, MARKERS, SUPPLIES = "general", "markers", "supplies"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    DEVICES: {"words": "1.3.6.1.2.1.25.3.2.1.3", "status": "1.3.6.1.2.1.25.3.2.1.5"},
    PRINTERS: {"status": "1.3.6.1.2.1.25.3.5.1.1", "errors": "1.3.6.1.2.1.25.3.5.1.2"},
    GENERAL: {"changes": "1.3.6.1.2.1.43.5.1.1.1"},
    MARKERS: {"unit": "1.3.6.1.2.1.43.10.2.1.3", "count": "1.3.6.1.2.1.43.10.2.1.4"},
    SUPPLIES: {
        "kind": "1.3.6.1.2.1.43.11.1.1.5",
        "words": "1.3.6.1.2.1.43.11.1.1.6",
        "unit": "1.3.6.1.2.1.43.11.1.1.7",
        "most": "1.3.6.1.2.1.43.11.1.1.8",
        "level": "1.3.6.1.2.1.43.11.1.1.9",
    },
}
"""hrDeviceTable, hrPrinterTable, prtGeneralTable, prtMarkerTable, prtMarkerSuppliesTable; all begin
their index with hrDeviceIndex."""

ERROR_NAMES = (
    *("low_paper", "no_paper", "low_toner", "no_toner", "door_open", "jammed", "offline"),
    *("service_requested", "input_tray_missing", "output_tray_missing", "marker_supply_missing"),
    *("output_near_full", "output_full", "input_tray_empty", "overdue_maintenance"),
)
"""hrPrinterDetectedErrorState, from its first bit on."""

_USABLE = {2: True, 3: True, 4: False, 5: False}
"""hrDeviceStatus: running, warning, testing, down; 1 is unknown."""
_PAGES = frozenset({7, 8})
"""Units of prtMarkerLifeCount that are pages: impressions, sheets."""
_PERCENT = 19
_MOST_PAGES = 2**32 - 1
"""Of a Counter32."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Toner, ink, a drum or a waste box.

    Attributes:
        name: as the printer calls it.
        left_ratio: of what it holds when new, or, of a box that fills, the room that is left. None
            when the printer does not know, or knows only that there is some.
    """

    name: str
    left_ratio: float | None


@dataclass(frozen=True, slots=True)
class Printer:
    """None: it does not say, or says that it does not know.

    Attributes:
        number: hrDeviceIndex; a print server has several printers.
        model: its description.
        usable: it can print; with a warning it still can.
        pages: in its whole life.
        errors: names of what is wrong.
    """

    number: int
    model: str
    usable: bool | None
    pages: int | None
    errors: tuple[str, ...] | None
    supplies: tuple[Supply, ...]


def printers(tables: Mapping[str, Table]) -> list[Printer]:
    """Empty for what has no Printer-MIB: a PC also lists in hrPrinterTable where it prints."""
    devices, markers = tables[DEVICES].rows, _grouped(tables[MARKERS].rows)
    states, supplies = tables[PRINTERS].rows, _grouped(tables[SUPPLIES].rows)
    general = {index[0] for index in tables[GENERAL].rows if len(index) == 1}
    return [
        Printer(
            number=one,
            model=words(devices.get((one,), {}).get("words")),
            usable=_USABLE.get(number(devices.get((one,), {}).get("status")) or 0),
            pages=_pages(markers.get(one, {})),
            errors=errors(states.get((one,), {}).get("errors")),
            supplies=_supplies(supplies.get(one, {})),
        )
        for one in sorted(general | markers.keys() | supplies.keys())
    ]


def errors(value: Value | None) -> tuple[str, ...] | None:
    """BITS as names; None when the printer does not have the object. No octet means no bit."""
    bits = octets(value)
    if bits is None:
        return None
    return tuple(
        name
        for at, name in enumerate(ERROR_NAMES)
        if at // 8 < len(bits) and bits[at // 8] & (0x80 >> at % 8)
    )


def _grouped(rows: Mapping[Oid, Row]) -> dict[int, dict[int, Row]]:
    """By the device, which the index begins with; what follows is a number of the row."""
    groups: dict[int, dict[int, Row]] = defaultdict(dict)
    for index, row in rows.items():
        if len(index) == 2:
            groups[index[0]][index[1]] = row
    return dict(groups)


def _pages(markers: Mapping[int, Row]) -> int | None:
    """Of all its markers that count pages."""
    counts = [
        count
        for row in markers.values()
        if number(row.get("unit")) in _PAGES
        and (count := number(row.get("count"))) is not None
        and 0 <= count <= _MOST_PAGES
    ]
    return sum(counts) if counts else None


def _supplies(rows: Mapping[int, Row]) -> tuple[Supply, ...]:
    """Those of one name are told apart by their number."""
    named = {index: words(row.get("words")) or f"supply {index}" for index, row in rows.items()}
    names = list(named.values())
    return tuple(
        Supply(name if names.count(name) == 1 else f"{name} ({index})", _left(rows[index]))
        for index, name in sorted(named.items())
    )


def _left(row: Row) -> float | None:
    """Levels of -1 (no limit), -2 (unknown) and -3 (some) are no numbers of anything."""
    level, most = number(row.get("level")), number(row.get("most"))
    if level is None or level < 0:
        return None
    if number(row.get("unit")) == _PERCENT and (most is None or most <= 0):
        most = 100
    return level / most if most and 0 < most >= level else None
