from __future__ import annotations

import pytest

from probes.snmp import ups as module
from probes.snmp.ups import Ups, ups
from probes.snmp.values import Value, oid
from tests.probes.snmp.rows import table

ON_MAINS: dict[str, Value] = {
    "manufacturer": b"EATON", "model": b"93E 80   ", "battery_status": 2, "seconds_on_battery": 0,
    "minutes_left": 52, "charge_percent": 100, "output_source": 3, "alarms_present": 0,
}  # fmt: skip


def look(scalars: dict[str, Value], *alarms: str) -> Ups:
    rows = {f"{at}": {"kind": oid(alarm)} for at, alarm in enumerate(alarms, 1)}
    found = ups(scalars, {module.ALARMS: table(rows)})
    assert found is not None
    return found


def changed(**values: Value) -> Ups:
    return look({**ON_MAINS, **values})


def test_supply_on_mains() -> None:
    assert look(ON_MAINS) == Ups(
        model="EATON 93E 80", battery_low=False, on_battery_seconds=0, left_seconds=3120,
        charge_ratio=1.0, on_battery=False, on_bypass=False, output_on=True, alarms=(),
        alarms_count=0,
    )  # fmt: skip


def test_supply_in_a_power_cut() -> None:
    found = changed(output_source=5, seconds_on_battery=73, charge_percent=8, battery_status=3)
    assert (found.on_battery, found.on_battery_seconds) == (True, 73)
    assert (found.charge_ratio, found.battery_low) == (0.08, True)


@pytest.mark.parametrize(
    ("source", "on_battery", "on_bypass", "output_on"),
    [
        *((2, False, False, False), (4, False, True, True), (6, False, False, True)),
        *((1, None, None, None), (0, None, None, None), (8, None, None, None)),
    ],
)
def test_source_of_the_output(
    source: int, on_battery: bool | None, on_bypass: bool | None, output_on: bool | None
) -> None:
    found = changed(output_source=source)
    assert (found.on_battery, found.on_bypass) == (on_battery, on_bypass)
    assert found.output_on == output_on


@pytest.mark.parametrize("value", [-1, b"", b"\x64", oid("0.0")])
def test_number_that_is_none_is_absent_and_not_zero(value: Value) -> None:
    names = ("seconds_on_battery", "minutes_left", "charge_percent", "alarms_present")
    found = look({**ON_MAINS, **dict.fromkeys(names, value)})
    assert found.on_battery_seconds is None
    assert found.left_seconds is None
    assert found.charge_ratio is None
    assert found.alarms_count is None


def test_number_beyond_what_the_mib_permits_is_absent() -> None:
    assert changed(charge_percent=101).charge_ratio is None
    assert changed(minutes_left=0).left_seconds is None


def test_battery_of_unknown_state_is_neither_low_nor_well() -> None:
    assert [changed(battery_status=s).battery_low for s in (0, 1, 2, 3, 4, 5)] == [
        None, None, False, True, True, None
    ]  # fmt: skip


def test_alarms_have_names() -> None:
    known = "1.3.6.1.2.1.33.1.6.3"
    found = look(
        ON_MAINS, f"{known}.2", f"{known}.24", f"{known}.25", f"{known}.0", "1.3.6.1.4.1.2"
    )
    assert found.alarms == ("on_battery", "other", "test_in_progress")


def test_alarm_that_is_no_identifier_is_left_out() -> None:
    tables = {module.ALARMS: table({"1": {"kind": b"bad"}, "2": {}, "3": {"kind": (7,)}})}
    found = ups(ON_MAINS, tables)
    assert found is not None
    assert found.alarms == ("other",)


def test_card_that_lost_its_supply_tells_only_that() -> None:
    found = look(ON_MAINS, "1.3.6.1.2.1.33.1.6.3.20")
    assert found.alarms == ("communications_lost",)
    assert found.alarms_count == 0
    assert found.model == "EATON 93E 80"
    assert found.charge_ratio is None
    assert found.on_battery is None
    assert found.battery_low is None


def test_device_that_only_counts_alarms_is_no_supply() -> None:
    tables = {module.ALARMS: table()}
    assert ups({"alarms_present": 0}, tables) is None
    assert ups({}, tables) is None
