"""What an agent did, written down beside it: which readings it took, and which it had committed.

One line, one system call: a process that is killed leaves whole lines.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

DIARY = "TICK_DIARY"
"""The environment variable that names the file."""
TAKEN, KEPT = "taken", "kept"


class Diary:
    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, word: str, numbers: Iterable[int]) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, "".join(f"{word} {n}\n" for n in numbers).encode())
        finally:
            os.close(descriptor)

    def read(self, word: str) -> list[int]:
        if not self._path.exists():
            return []
        lines = [line.split() for line in self._path.read_text().splitlines()]
        return [int(number) for found, number in lines if found == word]
