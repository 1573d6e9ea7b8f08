"""Reads schedule.toml: which role runs which probe, how often and against what.

A mistake is found here, before any agent hears of it. The file explains its own format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from collector.fleet.facts import EXAMPLES, MARK, Blanks, blanks_of
from config.policy_folder import POLICY_FOLDER, name_of
from config.strict import Table, read_toml
from probes.catalog import AnyProbe, Catalog
from probes.model import LOCAL, Role, SettingError, parse_settings
from probes.wire import Task

SCHEDULE_FILE = POLICY_FOLDER / "schedule.toml"
LONGEST_EVERY = 86_400
LONGEST_PUSH = 3_600


@dataclass(frozen=True, slots=True)
class RoleSchedule:
    """Seconds between pushes, the longest an open batch waits, and what to run.

    `blanks`: by (probe, target), what a task waits for before an agent may have it.
    """

    push_every: float
    seal_every: float
    tasks: tuple[Task, ...]
    blanks: Mapping[tuple[str, str], Blanks] = field(default_factory=dict)


def load_schedule(catalog: Catalog, path: Path = SCHEDULE_FILE) -> Mapping[Role, RoleSchedule]:
    """Raises PolicyError naming file and key, also for a probe or setting that does not exist."""
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        found = {}
        for name, table in top.named_tables("role").items():
            if name not in set(Role):
                known = ", ".join(Role)
                raise top.error(
                    f"role.{name}",
                    f"没有这个角色；可用的有：{known}",
                    f"no such role; known: {known}",
                )
            found[Role(name)] = _role(Role(name), table, data["role"][name], catalog)
        return found


def _role(role: Role, table: Table, raw: Mapping[str, Any], catalog: Catalog) -> RoleSchedule:
    with table:
        rows = zip(table.tables("task"), raw["task"], strict=True)
        found = [_task(role, row, plain, catalog) for row, plain in rows]
        blanks: dict[tuple[str, str], Blanks] = {}
        for task, left in found:
            if (task.probe, task.target) in blanks:
                pair = f"{task.probe} → {task.target}"
                raise table.error("task", f"{pair} 重复", f"{pair} is there twice")
            blanks[task.probe, task.target] = left
        return RoleSchedule(
            push_every=_seconds(table, "push_every", LONGEST_PUSH),
            seal_every=_seconds(table, "seal_every", LONGEST_PUSH),
            tasks=tuple(task for task, _ in found),
            blanks=blanks,
        )


def _task(
    role: Role, table: Table, plain: Mapping[str, Any], catalog: Catalog
) -> tuple[Task, Blanks]:
    with table:
        name = table.choice("probe", catalog)
        if role not in catalog[name].roles:
            raise table.error(
                "probe", f"{name} 不用于角色 {role}", f"{name} is not for the role {role}"
            )
        _check_aim(table, catalog[name].aimed)
        blanks = _blanks(table, plain)
        has_port = table.has("port") and not blanks.port
        task = Task(
            probe=name,
            every=_seconds(table, "every", LONGEST_EVERY),
            target=table.text("target", LOCAL.name),
            host=table.text("host", ""),
            port=table.integer("port") if has_port else None,
            settings=_settings(table, plain.get("settings", {}), blanks, catalog[name]),
        )
        return task, blanks


def _blanks(table: Table, plain: Mapping[str, Any]) -> Blanks:
    blanks = blanks_of(plain)
    for unknown in blanks.facts.difference(EXAMPLES):
        known = ", ".join(MARK + fact for fact in EXAMPLES)
        raise table.error(
            "port" if unknown == blanks.port else "settings",
            f"不认识 {MARK}{unknown}；可用的有：{known}",
            f"{MARK}{unknown} is not known; known: {known}",
        )
    if blanks.port and type(EXAMPLES[blanks.port]) is not int:
        raise table.error(
            "port", f"{MARK}{blanks.port} 不是端口", f"{MARK}{blanks.port} is no port"
        )
    return blanks


def _settings(table: Table, given: object, blanks: Blanks, probe: AnyProbe) -> dict[str, Any]:
    """What the probe itself accepts; fractions as the wire carries them, blanks not yet there."""
    table.has("settings")
    if not isinstance(given, dict):
        raise table.error("settings", "应为一个表", "a table is wanted")
    written = {k: float(v) if isinstance(v, Decimal) else v for k, v in given.items()}
    plain = {k: v for k, v in written.items() if k not in blanks.settings}
    examples = {k: EXAMPLES[fact] for k, fact in blanks.settings.items()}
    try:
        parse_settings(probe.Settings, {**plain, **examples}, "settings")
    except SettingError as exc:
        raise table.error("settings", exc.text.zh.rstrip("。"), exc.text.en.rstrip(".")) from exc
    return plain


def _check_aim(table: Table, aimed: bool) -> None:
    for key in ("target", "host"):
        if aimed and not table.has(key):
            raise table.error(key, "这个探测需要目标", "this probe has to be aimed")
        if not aimed and table.has(key):
            raise table.error(key, "这个探测不需要目标", "this probe is not aimed at anything")


def _seconds(table: Table, key: str, longest: int) -> float:
    seconds = table.number(key)
    if not 1 <= seconds <= longest:
        raise table.error(
            key, f"{seconds} 超出 1 至 {longest} 秒", f"{seconds} is outside 1 to {longest} s"
        )
    return float(seconds)
