"""What every command needs of the terminal: the language, where data goes, and the exit codes."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes.text import Language, Text

OK = 0
FAILED = 1
"""What was measured or asked for failed."""
USAGE = 2
"""The command line or the configuration is wrong."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Data goes to stdout, everything else to stderr."""

    language: Language
    json: bool

    def say(self, zh: str, en: str) -> None:
        """One line of progress or explanation."""
        print(Text(zh, en)(self.language), file=sys.stderr, flush=True)

    def show(self, zh: str, en: str) -> None:
        """One line of data for people."""
        print(Text(zh, en)(self.language))

    def dump(self, data: Any) -> None:
        """Data for programs."""
        print(json.dumps(data, ensure_ascii=False, indent=2))

    def complain(self, text: Text) -> None:
        print(text(self.language), file=sys.stderr, flush=True)


def prepare_state_dir(path: Path) -> Path:
    """The directory, made if need be and closed to other users. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
