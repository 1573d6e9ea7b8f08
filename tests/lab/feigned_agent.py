"""`python -m tests.lab.feigned_agent ROOT …`: the agent as shipped, on a machine whose files below
ROOT stand for its own, as far as posture instruments read them."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import probes.instruments


def feign(root: Path) -> None:
    for found in pkgutil.iter_modules(probes.instruments.__path__):
        module = importlib.import_module(f"probes.instruments.{found.name}")
        if found.name.startswith("posture_") and hasattr(module, "ROOT"):
            vars(module)["ROOT"] = root


def main() -> int:
    feign(Path(sys.argv[1]))
    return int(importlib.import_module("agent.__main__").main(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
