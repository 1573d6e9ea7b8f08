"""How long logs are kept, and when that is proven: policies/logs.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.policy import Citation, Verification
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml
from config.threshold_file import read_duration

FILE = "logs.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPolicy:
    """The file.

    Attributes:
        required_days: without a break, up to yesterday, for a source to be proven.
        target_days: what to aim for.
        keep_days: what is older may be deleted.
        zone: where a day begins and ends.
        seal_after: the end of a day.
        silent_days: so many in a row without a line are a gap, unless a source says otherwise.
        newest_days, every_days: what the daily self-check reads again: the newest days, and a
            share of the older ones, so that each is read once in `every_days`.
    """

    required_days: int
    target_days: int
    keep_days: int
    zone: ZoneInfo
    seal_after: timedelta
    silent_days: int
    newest_days: int
    every_days: int
    citations: tuple[Citation, ...]

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def cited(self, on: date) -> tuple[Citation, ...]:
        return tuple(citation for citation in self.citations if citation.in_force(on))


def load_log_policy(folder: PolicyFolder = POLICY_FOLDER) -> LogPolicy:
    """Raises PolicyError naming file and key."""
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        required = _at_least(top, "required_days", 1)
        target = _at_least(top, "target_days", required)
        keep = _at_least(top, "keep_days", target)
        with top.table("check") as check:
            newest, every = _at_least(check, "newest_days", 1), _at_least(check, "every_days", 1)
        return LogPolicy(
            required_days=required,
            target_days=target,
            keep_days=keep,
            zone=_zone(top),
            seal_after=read_duration(top, "seal_after"),
            silent_days=_at_least(top, "silent_days", 1),
            newest_days=newest,
            every_days=every,
            citations=tuple(_citation(table) for table in top.tables("citation")),
        )


def _at_least(table: Table, key: str, least: int) -> int:
    value = table.integer(key)
    if value < least:
        raise table.error(key, f"{value} 应不小于 {least}", f"{value} is less than {least}")
    return value


def _zone(top: Table) -> ZoneInfo:
    name = top.text("time_zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise top.error(
            "time_zone", f"没有时区“{name}”", f"there is no time zone {name!r}"
        ) from None


def _citation(top: Table) -> Citation:
    with top as table:
        return Citation(
            document=table.text("document"),
            article=table.text("article"),
            quote=table.text("quote", ""),
            in_force_from=table.day_or_none("in_force_from"),
            in_force_until=table.day_or_none("in_force_until"),
            levels=frozenset(),
            verified=Verification(table.choice("verified", tuple(Verification))),
            note=table.bilingual("note") if table.has("note") else None,
        )
