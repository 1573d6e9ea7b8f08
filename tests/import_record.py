"""`python -m tests.import_record MODULE…`: what a fresh interpreter loads for these modules, who
asked for each first, and what it costs. Prints JSON; a cost leaves out what the module imports.

It loads next to nothing itself, because what is loaded already is not seen to be loaded.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

bootstrap: Any = __import__("importlib._bootstrap")._bootstrap


class Loaded:
    """One module. `by` is empty for one that was asked for on the command line."""

    def __init__(
        self, name: str, by: str, resident_kib: int = 0, milliseconds: float = 0.0
    ) -> None:
        self.name = name
        self.by = by
        self.resident_kib = resident_kib
        self.milliseconds = milliseconds


class _Recorder:
    """Takes the place of the import system's own way in; calls nest as imports do."""

    def __init__(self) -> None:
        self.found: list[Loaded] = []
        self.load = bootstrap._find_and_load
        self._open: list[Loaded] = []
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        self._page_kib = os.sysconf("SC_PAGE_SIZE") // 1024

    def __call__(self, name: str, import_: Any) -> Any:
        found = Loaded(name, self._open[-1].name if self._open else "")
        kib, since = self._resident_kib(), time.perf_counter()
        self._open.append(found)
        try:
            return self.load(name, import_)
        finally:
            self._open.pop()
            kib, ms = self._resident_kib() - kib, (time.perf_counter() - since) * 1000
            found.resident_kib += kib
            found.milliseconds += ms
            self.found.append(found)
            if self._open:
                self._open[-1].resident_kib -= kib
                self._open[-1].milliseconds -= ms

    def _resident_kib(self) -> int:
        return int(os.pread(self._statm, 64, 0).split()[1]) * self._page_kib


def load(modules: list[str]) -> list[Loaded]:
    recorder = _Recorder()
    bootstrap._find_and_load = recorder
    for name in modules:
        __import__(name)
    bootstrap._find_and_load = recorder.load
    return [found for found in recorder.found if found.name in sys.modules]


def record(modules: list[str]) -> list[Loaded]:
    """As `load`, in an interpreter of its own."""
    import json
    import subprocess
    from pathlib import Path

    run = subprocess.run(
        [sys.executable, "-m", "tests.import_record", *modules],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    return [Loaded(**found) for found in json.loads(run.stdout)]


if __name__ == "__main__":
    loaded = load(sys.argv[1:])
    import json

    print(json.dumps([vars(found) for found in loaded]))
