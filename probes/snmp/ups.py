"""What an uninterruptible power supply says of itself (UPS-MIB, RFC 1628)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from probes.snmp.answer import Row, Table
from probes.snmp.values import Oid, Value, number, oid, words

ALARMS = "alarms"
SCALARS: Mapping[str, str] = {
    "manufacturer": "1.3.6.1.2.1.33.1.1.1.0",
    "model": "1.3.6.1.2.1.33.1.1.2.0",
    "battery_status": "1.3.6.1.2.1.33.1.2.1.0",
    "seconds_on_battery": "1.3.6.1.2.1.33.1.2.2.0",
    "minutes_left": "1.3.6.1.2.1.33.1.2.3.0",
    "charge_percent": "1.3.6.1.2.1.33.1.2.4.0",
    "output_source": "1.3.6.1.2.1.33.1.4.1.0",
    "alarms_present": "1.3.6.1.2.1.33.1.6.1.0",
}
COLUMNS: Mapping[str, Mapping[str, str]] = {ALARMS: {"kind": "1.3.6.1.2.1.33.1.6.2.1.2"}}

_WELL_KNOWN = oid("1.3.6.1.2.1.33.1.6.3")
ALARM_NAMES = (
    *("battery_bad", "on_battery", "low_battery", "depleted_battery", "temperature_bad"),
    *("input_bad", "output_bad", "output_overload", "on_bypass", "bypass_bad"),
    *("output_off_as_requested", "ups_off_as_requested", "charger_failed", "ups_output_off"),
    *("ups_system_off", "fan_failure", "fuse_failure", "general_fault"),
    *("diagnostic_test_failed", "communications_lost", "awaiting_power", "shutdown_pending"),
    *("shutdown_imminent", "test_in_progress"),
)
"""upsWellKnownAlarms, from its first on."""
OF_THE_MAKER = "other"
COMMUNICATIONS_LOST = "communications_lost"

_BATTERY = {2: False, 3: True, 4: True}
"""Normal, low, depleted; 1 is unknown."""
_NOT_OUTPUT, _BYPASS, _ON_BATTERY, _SOURCES = 2, 4, 5, range(2, 8)
"""none(2), normal, bypass, battery, booster, reducer(7); other(1) tells nothing."""


@dataclass(frozen=True, slots=True)
class Ups:
    """None: the device does not say, or says something the MIB does not permit.

    Attributes:
        model: manufacturer and model.
        battery_low: low or depleted.
        on_battery_seconds: 0 while it is not on battery.
        left_seconds: how long the battery lasts at this load without mains.
        charge_ratio: of a full battery.
        on_battery, on_bypass, output_on: where the power at its sockets comes from, if from
            anywhere.
        alarms: the names of those present; what the maker has added is OF_THE_MAKER.
        alarms_count: as the device counts them.
    """

    model: str
    battery_low: bool | None
    on_battery_seconds: int | None
    left_seconds: int | None
    charge_ratio: float | None
    on_battery: bool | None
    on_bypass: bool | None
    output_on: bool | None
    alarms: tuple[str, ...]
    alarms_count: int | None


def ups(scalars: Mapping[str, Value], tables: Mapping[str, Table]) -> Ups | None:
    """None for a device that has nothing of this MIB but perhaps a count of alarms.

    While a management card has lost its UPS, it tells only that: its other numbers are old.
    """
    if not scalars.keys() - {"alarms_present"}:
        return None
    alarms = _alarms(tables[ALARMS].rows)
    lost = COMMUNICATIONS_LOST in alarms
    told: Mapping[str, Value] = {} if lost else scalars
    source = _within(told, "output_source", _SOURCES.start, _SOURCES.stop - 1)
    minutes = _within(told, "minutes_left", 1)
    percent = _within(told, "charge_percent", 0, 100)
    return Ups(
        model=" ".join(filter(None, (words(scalars.get(k)) for k in ("manufacturer", "model")))),
        battery_low=_BATTERY.get(number(told.get("battery_status")) or 0),
        on_battery_seconds=_within(told, "seconds_on_battery", 0),
        left_seconds=None if minutes is None else minutes * 60,
        charge_ratio=None if percent is None else percent / 100,
        on_battery=None if source is None else source == _ON_BATTERY,
        on_bypass=None if source is None else source == _BYPASS,
        output_on=None if source is None else source != _NOT_OUTPUT,
        alarms=alarms,
        alarms_count=_within(scalars, "alarms_present", 0),
    )


def _within(scalars: Mapping[str, Value], name: str, low: int, high: int = 2**31 - 1) -> int | None:
    """Many devices send -1 for what they do not measure."""
    value = number(scalars.get(name))
    return value if value is not None and low <= value <= high else None


def _alarms(rows: Mapping[Oid, Row]) -> tuple[str, ...]:
    kinds = (row.get("kind") for row in rows.values())
    return tuple(sorted({_alarm(kind) for kind in kinds if isinstance(kind, tuple)}))


def _alarm(kind: Oid) -> str:
    known = kind[:-1] == _WELL_KNOWN and 1 <= kind[-1] <= len(ALARM_NAMES)
    return ALARM_NAMES[kind[-1] - 1] if known else OF_THE_MAKER
