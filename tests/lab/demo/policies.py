"""The policies of the demonstration: its own files, over those that ship.

A verdict otherwise wants twenty readings on five school days, one each ten minutes. Nobody watches
that long, so here five readings of one day are enough, and today is a school day whatever it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from config.policy_folder import POLICY_FOLDER
from probes.text import Text

READINGS = 5
EVERY_SECONDS = 20
NOTE = Text(
    f"演示用自己的策略：一天内 {READINGS} 次有效测量即可判定（正式为 5 个上课日 20 次），"
    f"每 {EVERY_SECONDS} 秒左右测一次（正式为 10 分钟），今天算上课日。",
    f"The demonstration has policies of its own: {READINGS} valid readings of one day are enough "
    f"(otherwise 20 on 5 school days), a line is measured about every {EVERY_SECONDS} s (otherwise "
    "10 min), and today counts as a school day.",
)
SETTINGS = "judge_every = 2.0\nmeasure_port = 8423\n"
"""Of collector.toml."""
_TARGETS = ("target-hefei-bandwidth.toml", "target-access-100m.toml")
SCHEDULE = f"""
[role.gateway]
push_every = 2
seal_every = 2

[[role.gateway.task]]
probe = "presence"
every = 10

[[role.gateway.task]]
probe = "wan_rate"
every = 15
[role.gateway.task.settings]
seconds = 3

[[role.gateway.task]]
probe = "icmp_echo"
every = 10
target = "collector"
host = "collector"

[[role.gateway.task]]
probe = "capacity"
every = 5
target = "line"
host = "collector"
[role.gateway.task.settings]
active_seconds = {EVERY_SECONDS}
"""


def policies(today: date) -> Mapping[str, str]:
    """Text by name of the file, for the collector's own folder of policies."""
    found = {name: _few_readings(_shipped(name)) for name in _TARGETS}
    return {**found, "calendar.toml": _open_on(today), "schedule.toml": SCHEDULE}


def _shipped(name: str) -> str:
    return (POLICY_FOLDER / name).read_text("utf-8")


def _few_readings(text: str) -> str:
    text = _replaced(text, "minimum_readings = 20", f"minimum_readings = {READINGS}")
    return _replaced(text, "minimum_days = 5", "minimum_days = 1")


def _open_on(today: date) -> str:
    """With lessons as on a Monday, today and on the days beside it: midnight may pass."""
    days = (today + timedelta(days=n) for n in (-1, 0, 1))
    rows = (f'{{ day = {day}, follows = 2026-09-07, why = "demo" }}' for day in days)
    return _replaced(_shipped("calendar.toml"), "opened = []", f"opened = [{', '.join(rows)}]")


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"the policy that ships no longer has {old!r}")
    return text.replace(old, new, 1)
