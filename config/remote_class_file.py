"""Reads policies/remote-class.toml. Values are converted to base units here and nowhere else."""

from __future__ import annotations

from fractions import Fraction

from config.policy import Verification
from config.policy_folder import PolicyFolder, name_of
from config.remote_class import Bad, Good, HeldRule, LessonRule, RemoteClass, Source
from config.strict import Table, read_toml, revision_of

FILE = "remote-class.toml"
_ORIGINS = ("plan", "public", "default")
_MEGA = 10**6


def load_remote_class(folder: PolicyFolder) -> RemoteClass | None:
    """None without a file. Raises PolicyError naming file and key."""
    path = folder / FILE
    if not path.exists():
        return None
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        return RemoteClass(
            good=_good(top.table("good")),
            bad=_bad(top.table("bad")),
            lesson=_lesson(top.table("lesson")),
            held=_held(top.table("held")),
            sources=tuple(_source(row) for row in top.tables("source")),
            revision=revision_of(data),
        )


def _good(table: Table) -> Good:
    with table:
        return Good(
            available=_positive(table, "available_mbit_per_second") * _MEGA,
            loss=float(_share(table, "loss")),
            rtt=_positive(table, "rtt_milliseconds") / 1000,
            jitter=_positive(table, "jitter_milliseconds") / 1000,
            origin=table.choice("origin", _ORIGINS),
        )


def _bad(table: Table) -> Bad:
    with table:
        return Bad(
            loss=float(_share(table, "loss")),
            rtt=_positive(table, "rtt_milliseconds") / 1000,
            origin=table.choice("origin", _ORIGINS),
        )


def _lesson(table: Table) -> LessonRule:
    with table:
        return LessonRule(
            good_share=_share(table, "good_share"),
            minimum_minutes=int(_positive(table, "minimum_minutes")),
            capacity_minutes=int(_positive(table, "capacity_minutes")),
            origin=table.choice("origin", _ORIGINS),
        )


def _held(table: Table) -> HeldRule:
    with table:
        return HeldRule(
            rise=_positive(table, "rise_mbit_per_second") * _MEGA,
            before_minutes=int(_positive(table, "before_minutes")),
            quiet=_positive(table, "quiet_mbit_per_second") * _MEGA,
            share=_share(table, "share"),
            origin=table.choice("origin", _ORIGINS),
        )


def _source(table: Table) -> Source:
    with table:
        return Source(
            document=table.text("document"),
            verified=table.choice("verified", tuple(Verification)),
            says=table.bilingual("says"),
        )


def _positive(table: Table, key: str) -> float:
    value = table.number(key)
    if value <= 0:
        raise table.error(key, f"{value} 应大于 0", f"{value} must be more than 0")
    return float(value)


def _share(table: Table, key: str) -> Fraction:
    share = table.fraction(key)
    if not 0 < share <= 1:
        raise table.error(key, f"{share} 不在 0 与 1 之间", f"{share} is not within 0 and 1")
    return share
