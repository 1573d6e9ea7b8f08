"""`python -m tests.lab.quick_collector …`: the collector as shipped, in a hurry.

Times of policy are for the data directory's own policies to shorten. What is not policy is
shortened here: the beat of alerting, and the pauses between attempts to deliver.
"""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta

BEAT, LOOK = 0.5, 2.0
FIRST_PAUSE, LONGEST_PAUSE, LEASE = 0.5, 10.0, 5.0
"""Seconds; a sixtieth, more or less, of what they are otherwise."""


def hurry() -> None:
    app = importlib.import_module("collector.app")
    app.ALERT_SECONDS = BEAT  # type: ignore[attr-defined]
    for part in ("collector.lan.detecting", "collector.inventory.part"):
        module = importlib.import_module(part)
        module.SECONDS = module.FIRST_SECONDS = LOOK  # type: ignore[attr-defined]
    retry = importlib.import_module("collector.alert.retry")
    retry.FIRST_PAUSE = timedelta(seconds=FIRST_PAUSE)  # type: ignore[attr-defined]
    retry.LONGEST_PAUSE = timedelta(seconds=LONGEST_PAUSE)  # type: ignore[attr-defined]
    retry.LEASE = timedelta(seconds=LEASE)  # type: ignore[attr-defined]


def main() -> int:
    hurry()
    return int(importlib.import_module("collector.__main__").main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
