"""The registry and the libraries of a Windows machine, as far as our code looks at them.

They behave as Microsoft documents them. That the documents are right, only a real Windows can show.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest


class FakeRegistry:
    """Stands in for the module `winreg`. `keys`: path below HKEY_LOCAL_MACHINE -> its values.

    A path that begins with HKEY_USERS is of that hive.
    """

    HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_READ, KEY_WOW64_64KEY = "", "hkey_users\\", 0x20019, 0x100

    def __init__(self, keys: Mapping[str, Mapping[str, object]]) -> None:
        self.keys = {path.lower(): dict(values) for path, values in keys.items()}
        self.denied: set[str] = set()
        self.asked: list[str] = []
        """Names of values that were asked for one by one."""

    @contextmanager
    def OpenKey(self, root: str, path: str, reserved: int, access: int) -> Iterator[str]:
        path = (root + path).rstrip("\\")
        assert access == self.KEY_READ | self.KEY_WOW64_64KEY
        if path.lower() in self.denied:
            raise PermissionError(13, "Access is denied", path)
        if not any(key == path.lower() or key.startswith(path.lower() + "\\") for key in self.keys):
            raise FileNotFoundError(2, "The system cannot find the file specified", path)
        yield path.lower()

    def QueryInfoKey(self, path: str) -> tuple[int, int, int]:
        return len(self._below(path)), len(self.keys.get(path, {})), 0

    def EnumValue(self, path: str, index: int) -> tuple[str, object, int]:
        name, value = list(self.keys[path].items())[index]
        return name, value, 0

    def QueryValueEx(self, path: str, name: str) -> tuple[object, int]:
        self.asked.append(name)
        for known, value in self.keys.get(path, {}).items():
            if known.lower() == name.lower():
                return value, 0
        raise FileNotFoundError(2, "The system cannot find the file specified", name)

    def EnumKey(self, path: str, index: int) -> str:
        return self._below(path)[index]

    def _below(self, path: str) -> list[str]:
        deeper = [key[len(path) + 1 :] for key in self.keys if key.startswith(path + "\\")]
        return sorted({rest.partition("\\")[0] for rest in deeper})


class Function:
    """A function of a library: callable, and `argtypes` and `restype` may be set."""

    argtypes: Any = None
    restype: Any = None

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)


class FakeWindows:
    """Put behind our doors: `registry` for `winreg`, `functions` for what libraries export."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.error = 0
        self.libraries: dict[str, SimpleNamespace] = {}
        monkeypatch.setattr(ctypes, "WinDLL", self._load, raising=False)
        monkeypatch.setattr(ctypes, "get_last_error", lambda: self.error, raising=False)
        self.registry = FakeRegistry({})
        self.have({})

    def have(self, keys: Mapping[str, Mapping[str, object]]) -> None:
        self.registry = FakeRegistry(keys)
        self._monkeypatch.setitem(sys.modules, "winreg", self.registry)

    def export(self, library: str, **functions: Callable[..., Any]) -> None:
        exported = self.libraries.setdefault(library, SimpleNamespace())
        for name, call in functions.items():
            setattr(exported, name, Function(call))

    def become_the_system(self, *modules: Any) -> None:
        """Let these modules believe that they run on Windows."""
        for module in modules:
            believed = SimpleNamespace(**{**vars(sys), "platform": "win32"})
            self._monkeypatch.setattr(module, "sys", believed)

    def _load(self, name: str, use_last_error: bool) -> SimpleNamespace:
        assert use_last_error
        if name not in self.libraries:
            raise FileNotFoundError(f"Could not find module '{name}'")
        return self.libraries[name]
