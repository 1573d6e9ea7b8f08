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
EVERY_SECONDS = 15
NOTE = Text(
    f"演示用自己的策略：一天内 {READINGS} 次有效测量即可判定（正式为 5 个上课日 20 次），"
    f"每 {EVERY_SECONDS} 秒左右测一次（正式为 10 分钟），今天算上课日。",
    f"The demonstration has policies of its own: {READINGS} valid readings of one day are enough "
    f"(otherwise 20 on 5 school days), a line is measured about every {EVERY_SECONDS} s (otherwise "
    "10 min), and today counts as a school day.",
)
SETTINGS = "judge_every = 2.0\nmeasure_port = 8423\nreflector_port = 8422\n"
"""Of collector.toml."""
_ONE_DAY = "minimum_days = 1"
_ENOUGH, _DAYS = "minimum_readings = 20", "minimum_days = 5"
"""As written in every file that asks for measured bandwidth."""
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
watch_seconds = 4
is_gateway = true
reflector_port = "$reflector_port"
reflector_key = "$reflector_key"
"""


def policies(today: date) -> Mapping[str, str]:
    """Text by name of the file, for the collector's own folder of policies."""
    shipped = {path.name: path.read_text("utf-8") for path in POLICY_FOLDER.glob("*.toml")}
    few = {
        name: text.replace(_ENOUGH, f"minimum_readings = {READINGS}").replace(_DAYS, _ONE_DAY)
        for name, text in shipped.items()
        if _ENOUGH in text and _DAYS in text
    }
    calendar = _open_on(today, shipped["calendar.toml"])
    return {**few, "calendar.toml": calendar, "schedule.toml": SCHEDULE}


def _open_on(today: date, calendar: str) -> str:
    """With lessons as on a Monday, today and on the days beside it: midnight may pass."""
    days = (today + timedelta(days=n) for n in (-1, 0, 1))
    rows = (f'{{ day = {day}, follows = 2026-09-07, why = "demo" }}' for day in days)
    return calendar.replace("opened = []", f"opened = [{', '.join(rows)}]", 1)
