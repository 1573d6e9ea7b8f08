"""`python -m tests.lab.quick_collector POLICIES …`: the collector as shipped, in a hurry.

Its policies and schedule are those of the folder, so a test can shorten every time in them. What is
not policy is shortened here: the beat of alerting, and the pauses between attempts to deliver.
"""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

BEAT = 0.5
FIRST_PAUSE, LONGEST_PAUSE, LEASE = 0.5, 10.0, 5.0
"""Seconds; a sixtieth, more or less, of what they are otherwise."""


def hurry(policies: Path) -> None:
    app = importlib.import_module("collector.app")
    app.load_schedule = partial(app.load_schedule, path=policies / "schedule.toml")  # type: ignore[attr-defined]
    app.load_thresholds = partial(app.load_thresholds, folder=policies)  # type: ignore[attr-defined]
    app.read_alert_policy = partial(app.read_alert_policy, folder=policies)  # type: ignore[attr-defined]
    app.ALERT_SECONDS = BEAT  # type: ignore[attr-defined]
    alerting = importlib.import_module("collector.alert.alerting")
    alerting.FIRST_PAUSE = timedelta(seconds=FIRST_PAUSE)  # type: ignore[attr-defined]
    alerting.LONGEST_PAUSE = timedelta(seconds=LONGEST_PAUSE)  # type: ignore[attr-defined]
    alerting.LEASE = timedelta(seconds=LEASE)  # type: ignore[attr-defined]


def main() -> int:
    policies, *arguments = sys.argv[1:]
    hurry(Path(policies))
    return int(importlib.import_module("collector.__main__").main(arguments))


if __name__ == "__main__":
    sys.exit(main())
