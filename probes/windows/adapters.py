"""Which network interfaces of Windows are hardware, by the connection names that psutil uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from probes.model import ProbeError
from probes.windows.system import read_keys, read_values

_CLASS = "{4d36e972-e325-11ce-bfc1-08002be10318}"
"""The device class of network adapters, the same on every Windows."""
_DRIVERS = rf"SYSTEM\CurrentControlSet\Control\Class\{_CLASS}"
_CONNECTIONS = rf"SYSTEM\CurrentControlSet\Control\Network\{_CLASS}"

_PHYSICAL, _HIDDEN = 0x4, 0x8
"""Of a driver's `Characteristics`."""
_WIFI = 71
"""The type of an interface (IANA), which drivers call `*IfType`."""


def adapters() -> dict[str, bool]:
    """Connection name -> whether it is a piece of hardware that people see.

    Loopback and tunnels are in no driver's key, and so not here. Empty when it cannot be read.
    """
    return {
        name: driver["Characteristics"] & (_PHYSICAL | _HIDDEN) == _PHYSICAL
        for name, driver in _drivers()
    }


def radios() -> frozenset[str]:
    """Connection names of wireless adapters. Empty when it cannot be read."""
    return frozenset(name for name, driver in _drivers() if driver.get("*IfType") == _WIFI)


def _drivers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Connection name, and the values of the driver's key."""
    for number in _readable_keys():
        driver = _readable_values(rf"{_DRIVERS}\{number}")
        identity = driver.get("NetCfgInstanceId")
        if isinstance(identity, str) and isinstance(driver.get("Characteristics"), int):
            name = _readable_values(rf"{_CONNECTIONS}\{identity}\Connection").get("Name")
            if isinstance(name, str):
                yield name, driver


def _readable_keys() -> list[str]:
    try:
        return [name for name in read_keys(_DRIVERS) if name.isdigit()]
    except (OSError, ProbeError):
        return []


def _readable_values(path: str) -> dict[str, Any]:
    try:
        return read_values(path)
    except (OSError, ProbeError):
        return {}
