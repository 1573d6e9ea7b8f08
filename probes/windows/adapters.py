"""Which network interfaces of Windows are hardware, by the connection names that psutil uses."""

from __future__ import annotations

from probes.model import ProbeError
from probes.windows.system import read_keys, read_values

_CLASS = "{4d36e972-e325-11ce-bfc1-08002be10318}"
"""The device class of network adapters, the same on every Windows."""
_DRIVERS = rf"SYSTEM\CurrentControlSet\Control\Class\{_CLASS}"
_CONNECTIONS = rf"SYSTEM\CurrentControlSet\Control\Network\{_CLASS}"

_PHYSICAL, _HIDDEN = 0x4, 0x8
"""Of a driver's `Characteristics`."""


def adapters() -> dict[str, bool]:
    """Connection name -> whether it is a piece of hardware that people see.

    Loopback and tunnels are in no driver's key, and so not here. Empty when it cannot be read.
    """
    found = {}
    for number in _readable_keys():
        driver = _readable_values(rf"{_DRIVERS}\{number}")
        identity, flags = driver.get("NetCfgInstanceId"), driver.get("Characteristics")
        if isinstance(identity, str) and isinstance(flags, int):
            name = _readable_values(rf"{_CONNECTIONS}\{identity}\Connection").get("Name")
            if isinstance(name, str):
                found[name] = flags & (_PHYSICAL | _HIDDEN) == _PHYSICAL
    return found


def _readable_keys() -> list[str]:
    try:
        return [name for name in read_keys(_DRIVERS) if name.isdigit()]
    except (OSError, ProbeError):
        return []


def _readable_values(path: str) -> dict[str, object]:
    try:
        return read_values(path)
    except (OSError, ProbeError):
        return {}
