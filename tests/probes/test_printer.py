"""No recorded printer is at hand: these are written by the RFCs, with what real ones are known to
send."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from probes.instruments.printer import (
    ERRORS_COUNT,
    PAGES,
    SUPPLY_LEFT_RATIO,
    USABLE,
    PrinterProbe,
)
from probes.metrics import SEEN
from probes.model import Outcome, Reading
from probes.snmp.answer import Wanted
from probes.snmp.probe import SnmpSettings
from tests.fakes.recorded_devices import Devices, Look, recorded
from tests.probes.conftest import Measure

HOST, PRT = "1.3.6.1.2.1.25.3", "1.3.6.1.2.1.43"
SUPPLIES = f"{PRT}.11.1.1"
LASER = f"""\
{HOST}.2.1.2.1|6|{HOST}.1.5
{HOST}.2.1.3.1|4x|48502044c3a2c3a1
{HOST}.2.1.5.1|2|3
{HOST}.5.1.1.1|2|4
{HOST}.5.1.2.1|4x|2000
{PRT}.10.2.1.3.1.1|2|7
{PRT}.10.2.1.4.1.1|65|120345
{SUPPLIES}.4.1.1|2|3
{SUPPLIES}.4.1.2|2|4
{SUPPLIES}.5.1.1|2|3
{SUPPLIES}.5.1.2|2|4
{SUPPLIES}.6.1.1|4x|e9bb91e889b2e7a2b3e7b289
{SUPPLIES}.6.1.2|4|Waste Toner Box
{SUPPLIES}.7.1.1|2|7
{SUPPLIES}.7.1.2|2|7
{SUPPLIES}.8.1.1|2|2600
{SUPPLIES}.8.1.2|2|-2
{SUPPLIES}.9.1.1|2|130
{SUPPLIES}.9.1.2|2|-3
"""
INKJET = f"""\
{HOST}.2.1.3.1|4|EPSON WF-C5790BA
{HOST}.2.1.5.1|2|5
{HOST}.5.1.2.1|4x|46
{SUPPLIES}.5.1.1|2|5
{SUPPLIES}.5.1.2|2|5
{SUPPLIES}.6.1.1|4|Black Ink
{SUPPLIES}.6.1.2|4|Cyan Ink
{SUPPLIES}.7.1.1|2|19
{SUPPLIES}.7.1.2|2|19
{SUPPLIES}.8.1.1|2|100
{SUPPLIES}.8.1.2|2|100
{SUPPLIES}.9.1.1|2|0
{SUPPLIES}.9.1.2|2|-2
"""
MUTE = f"{HOST}.2.1.5.1|2|1\n{HOST}.5.1.1.1|2|2\n{PRT}.5.1.1.1.1|65|3\n"


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    computers = {"linux": "os/linux/ibm-x3550-m3", "windows": "os/windows/XP"}
    keep = ["1.3.6.1.2.1.1", HOST]
    made = {"laser": LASER, "inkjet": INKJET, "mute": MUTE}
    with recorded(tmp_path_factory.mktemp("printer"), computers, keep, made) as running:
        yield running


@pytest.fixture
def look(devices: Devices, measure: Measure) -> Look:
    async def run(name: str) -> list[Reading]:
        return await devices.look(name, measure, PrinterProbe)

    return run


def by_item(readings: list[Reading]) -> dict[tuple[str, str], dict[str, float]]:
    return {
        (r.labels["kind"], r.labels["item"]): {m.name: v for m, v in r.values.items()}
        for r in readings
    }


async def test_printer_tells_its_pages_toner_and_warnings(look: Look) -> None:
    readings = await look("laser")
    assert by_item(readings) == {
        ("all", "all"): {"usable": 1, "pages_count_total": 120345, "errors_count": 1},
        ("supply", "黑色碳粉"): {"supply_left_ratio": 0.05},
        ("error", "low_toner"): {"seen": 1},
    }
    assert {r.labels["model"] for r in readings} == {"HP Dâá"}
    assert {r.labels["printer"] for r in readings} == {"1"}


async def test_supply_of_unknown_level_has_no_reading_and_an_empty_one_is_zero(
    look: Look,
) -> None:
    found = by_item(await look("inkjet"))
    assert found["supply", "Black Ink"] == {"supply_left_ratio": 0}
    assert ("supply", "Cyan Ink") not in found


async def test_printer_that_cannot_print_says_why(look: Look) -> None:
    found = by_item(await look("inkjet"))
    assert found["all", "all"] == {"usable": 0, "errors_count": 3}
    assert {item for kind, item in found if kind == "error"} == {"no_paper", "jammed", "offline"}


async def test_levels_are_those_that_net_snmp_reads(devices: Devices, look: Look) -> None:
    for name in ("laser", "inkjet"):
        levels, most = devices.walk(name, f"{SUPPLIES}.9"), devices.walk(name, f"{SUPPLIES}.8")
        expected = [
            int(level) / int(most[index])
            for index, level in levels.items()
            if int(level) >= 0 and int(most[index]) > 0
        ]
        readings = await look(name)
        assert [
            r.values[SUPPLY_LEFT_RATIO] for r in readings if SUPPLY_LEFT_RATIO in r.values
        ] == expected


async def test_printer_that_knows_nothing_is_unreadable(look: Look) -> None:
    [reading] = await look("mute")
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "unreadable")
    assert reading.labels["printer"] == "1"


@pytest.mark.parametrize("name", ["linux", "windows"])
async def test_computer_is_no_printer_though_it_may_print(name: str, look: Look) -> None:
    """The second lists four printers in hrPrinterTable, a fax among them."""
    [reading] = await look(name)
    assert (reading.target, reading.outcome) == (name, Outcome.NOT_RUN)
    assert reading.reason == "no_table"


async def test_table_that_is_too_large_tells_nothing(
    devices: Devices, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = PrinterProbe.wanted.tables
    monkeypatch.setattr(PrinterProbe, "wanted", Wanted(tables=tables, most_rows=1))
    [reading] = await measure(PrinterProbe(SnmpSettings(devices=tuple(devices.settings("laser")))))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "too_large")


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert {USABLE, PAGES, ERRORS_COUNT, SUPPLY_LEFT_RATIO, SEEN} == set(PrinterProbe.measures)
    assert_all_metrics_covered(PrinterProbe)
