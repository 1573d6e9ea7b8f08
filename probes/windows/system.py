"""The two doors to Windows: its libraries, and the registry of the machine. Read-only.

They open by name, so that other systems need not have them and a test can stand behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from probes.model import ProbeError

_CTYPES: Any = import_module("ctypes")


def library(name: str) -> Any:
    """A library of the system. Raises ProbeError("unsupported_system") where there is none."""
    try:
        return _CTYPES.WinDLL(name, use_last_error=True)
    except (AttributeError, OSError) as exc:
        raise ProbeError("unsupported_system", f"{name}: {exc}") from exc


def last_error() -> OSError:
    """The error of the last call into a library that reports one."""
    code = int(_CTYPES.get_last_error())
    return OSError(code, f"Windows error {code}")


MACHINE, USERS = "HKEY_LOCAL_MACHINE", "HKEY_USERS"


def read_values(path: str, hive: str = MACHINE) -> dict[str, Any]:
    """Name -> value of one key; empty when there is no such key.

    Raises ProbeError("no_privilege").
    """
    with _opened(path, hive) as (winreg, key):
        if key is None:
            return {}
        many = winreg.QueryInfoKey(key)[1]
        return {name: value for name, value, _ in (winreg.EnumValue(key, i) for i in range(many))}


def read_value(path: str, name: str) -> object:
    """One value and no other; None when there is no such value or key.

    Raises ProbeError("no_privilege").
    """
    with _opened(path) as (winreg, key):
        try:
            return None if key is None else winreg.QueryValueEx(key, name)[0]
        except FileNotFoundError:
            return None


def read_keys(path: str, hive: str = MACHINE) -> list[str]:
    """Names of the keys below one; empty when there is no such key."""
    with _opened(path, hive) as (winreg, key):
        if key is None:
            return []
        return [winreg.EnumKey(key, i) for i in range(winreg.QueryInfoKey(key)[0])]


@contextmanager
def _opened(path: str, hive: str = MACHINE) -> Iterator[tuple[Any, Any]]:
    try:
        winreg: Any = import_module("winreg")
    except ModuleNotFoundError as exc:
        raise ProbeError("unsupported_system") from exc
    # A 32-bit Python would otherwise be shown a registry of its own.
    access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    try:
        with winreg.OpenKey(getattr(winreg, hive), path, 0, access) as key:
            yield winreg, key
    except FileNotFoundError:
        yield winreg, None
    except PermissionError as exc:
        raise ProbeError("no_privilege", path) from exc
