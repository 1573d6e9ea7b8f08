"""Reads schedule.toml: which role runs which probe, how often and against what.

A mistake is found here, before any agent hears of it. The file explains its own format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from collector.fleet.facts import EXAMPLES, MARK, Blanks, blanks_of, fill
from config.policy_folder import POLICY_FOLDER, name_of
from config.strict import PolicyError, Table, read_toml
from probes.catalog import AnyProbe, Catalog
from probes.model import LOCAL, Role, SettingError, parse_settings
from probes.wire import Task

SCHEDULE_FILE = POLICY_FOLDER / "schedule.toml"
SENTINEL = "sentinel"
LAN = "lan"
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
        top.has(LAN)  # collector/lan/schedule.py reads it
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


def check_filled(
    schedule: Mapping[Role, RoleSchedule], facts: Mapping[str, Any], catalog: Catalog
) -> None:
    """Raises PolicyError for a task that this collector's facts make one that agents refuse."""
    for role in schedule.values():
        for task in role.tasks:
            filled = fill(task, role.blanks.get((task.probe, task.target), Blanks()), facts)
            if filled is None:
                continue
            try:
                parse_settings(catalog[task.probe].Settings, filled.settings, task.probe)
            except SettingError as exc:
                raise PolicyError(exc.text) from exc


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
            push_every=seconds(table, "push_every", LONGEST_PUSH),
            seal_every=seconds(table, "seal_every", LONGEST_PUSH),
            tasks=tuple(task for task, _ in found),
            blanks=blanks,
        )


def _task(
    role: Role, table: Table, plain: Mapping[str, Any], catalog: Catalog
) -> tuple[Task, Blanks]:
    with table:
        name = probe_for([role], table, catalog)
        _check_aim(table, catalog[name].aimed)
        blanks = blanks_in(table, plain, EXAMPLES)
        has_port = table.has("port") and not blanks.port
        task = Task(
            probe=name,
            every=seconds(table, "every", LONGEST_EVERY),
            target=table.text("target", LOCAL.name),
            host=table.text("host", ""),
            port=table.integer("port") if has_port else None,
            settings=settings_in(table, plain, blanks, EXAMPLES, catalog[name]),
            lease=table.choice("lease", ("", SENTINEL), ""),
        )
        return task, blanks


def probe_for(roles: Iterable[Role], table: Table, catalog: Catalog) -> str:
    """The name of the row's probe, which has to be for all of the `roles`."""
    name = table.choice("probe", catalog)
    for role in roles:
        if role not in catalog[name].roles:
            raise table.error(
                "probe", f"{name} 不用于角色 {role}", f"{name} is not for the role {role}"
            )
    return name


def blanks_in(table: Table, plain: Mapping[str, Any], examples: Mapping[str, Any]) -> Blanks:
    """The row's blanks. `examples`: every fact there can be, with a value of its kind."""
    blanks = blanks_of(plain)
    for unknown in blanks.facts.difference(examples):
        known = ", ".join(MARK + fact for fact in examples)
        raise table.error(
            "port" if unknown == blanks.port else "settings",
            f"不认识 {MARK}{unknown}；可用的有：{known}",
            f"{MARK}{unknown} is not known; known: {known}",
        )
    if blanks.port and type(examples[blanks.port]) is not int:
        raise table.error(
            "port", f"{MARK}{blanks.port} 不是端口", f"{MARK}{blanks.port} is no port"
        )
    return blanks


def settings_in(
    table: Table,
    row: Mapping[str, Any],
    blanks: Blanks,
    examples: Mapping[str, Any],
    probe: AnyProbe,
) -> dict[str, Any]:
    """What the probe itself accepts; fractions as the wire carries them, blanks not yet there."""
    given = row.get("settings", {}) if table.has("settings") else {}
    if not isinstance(given, dict):
        raise table.error("settings", "应为一个表", "a table is wanted")
    written = {k: float(v) if isinstance(v, Decimal) else v for k, v in given.items()}
    plain = {k: v for k, v in written.items() if k not in blanks.settings}
    filled = {k: examples[fact] for k, fact in blanks.settings.items()}
    try:
        parse_settings(probe.Settings, {**plain, **filled}, "settings")
    except SettingError as exc:
        raise table.error("settings", exc.text.zh.rstrip("。"), exc.text.en.rstrip(".")) from exc
    return plain


def _check_aim(table: Table, aimed: bool) -> None:
    for key in ("target", "host"):
        if aimed and not table.has(key):
            raise table.error(key, "这个探测需要目标", "this probe has to be aimed")
        if not aimed and table.has(key):
            raise table.error(key, "这个探测不需要目标", "this probe is not aimed at anything")


def seconds(table: Table, key: str, longest: int) -> float:
    """From 1 to `longest`."""
    found = table.number(key)
    if not 1 <= found <= longest:
        raise table.error(
            key, f"{found} 超出 1 至 {longest} 秒", f"{found} is outside 1 to {longest} s"
        )
    return float(found)
