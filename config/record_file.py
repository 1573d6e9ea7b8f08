"""Reads policies/records.toml: what is kept of signatures and reads. A mistake is a PolicyError."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml

FILE = "records.toml"
MEGABYTE = 1_000_000
MOST_MEGABYTES = 200
LEAST_DAYS = 180
"""Six months, below which logs must not be deleted (Cybersecurity Law)."""


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What `records.toml` says.

    Attributes:
        evidence_bytes: the most that one document may have.
        access_days: how long the access log is kept.
        remind_from, remind_until: the hours of a working day in which reminders are made.
    """

    evidence_bytes: int
    access_days: int
    remind_from: time
    remind_until: time


def load_record_rules(folder: PolicyFolder = POLICY_FOLDER) -> RecordRules:
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        with top.table("evidence") as evidence:
            megabytes = _within(evidence, "largest_megabytes", 1, MOST_MEGABYTES)
        with top.table("access") as access:
            days = _within(access, "keep_days", LEAST_DAYS, 36_500)
        with top.table("reminders") as reminders:
            since = reminders.clock(reminders.text("from"), "from")
            until = reminders.clock(reminders.text("until"), "until")
            if not since < until:
                raise reminders.error("until", "应晚于 from", "should be later than `from`")
    return RecordRules(megabytes * MEGABYTE, days, since, until)


def _within(table: Table, key: str, least: int, most: int) -> int:
    value = table.integer(key)
    if not least <= value <= most:
        raise table.error(
            key, f"{value} 应为 {least} 至 {most}", f"{value} is not within {least} and {most}"
        )
    return value
