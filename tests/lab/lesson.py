"""A county in which every hour is a lesson, and gateways measure far more often than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

SETTINGS = "judge_every = 2.0\nreflector_port = 8422\nmeasure_port = 8423\n"
"""Of collector.toml."""
_SCHEDULE = """
[role.gateway]
push_every = 1
seal_every = 1
[[role.gateway.task]]
probe = "capacity"
every = {every}
target = "line"
host = "collector"
[role.gateway.task.settings]
is_gateway = true
active_seconds = {active}
watch_seconds = {watch}
reflector_port = "$reflector_port"
reflector_key = "$reflector_key"
"""
_CALENDAR = """
[calendar.default]
title = {{ zh = "实验室", en = "Lab" }}
terms = []
usual_terms = [["01-01", "12-31"]]
lessons_on = [1, 1, 1, 1, 1, 1, 1]
longest_break_minutes = 40
closed = []
opened = [{opened}]
[[calendar.default.bells]]
name = "one lesson"
since = "01-01"
until = "12-31"
day = ["00:00", "23:59"]
lessons = [["00:00", "23:59"]]
"""


def zone_of_noon(now: datetime) -> str:
    """A time zone in which the lesson that ends at midnight lasts for hours yet."""
    east = 12 - now.astimezone(UTC).hour
    return f"Etc/GMT{-east:+d}"  # their signs are the other way round


def policies(today: date, *, every: int, active: int, watch: int) -> Mapping[str, str]:
    """Seconds between two runs, between two measurements that load the line, and of a watch."""
    days = [today + timedelta(days=n) for n in (-1, 0, 1)]
    monday = today - timedelta(days=today.weekday())
    rows = (f'{{ day = {day}, follows = {monday}, why = "lab" }}' for day in days)
    return {
        "calendar.toml": _CALENDAR.format(opened=", ".join(rows)),
        "schedule.toml": _SCHEDULE.format(every=every, active=active, watch=watch),
    }
