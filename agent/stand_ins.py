"""Loads a library without those of its parts that are never used here.

A library often imports at once what it needs only in rare cases. While it loads, a stand-in takes
the place of such a module, and goes away afterwards: whoever needs the real one gets it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

StandIns = Mapping[str, Mapping[str, Any]]
"""Module -> the names that the library takes from it."""


@contextmanager
def stand_ins(modules: StandIns) -> Iterator[None]:
    """What is imported inside gets these; a module that is loaded already stays itself."""
    missing = {name: _module(name, content) for name, content in modules.items()}
    for name in missing.keys() & sys.modules.keys():
        del missing[name]
    sys.modules.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


def _module(name: str, content: Mapping[str, Any]) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module
