"""Reads [[lan.task]] of schedule.toml: what is asked about the networks that somebody described.

Such a task is for gateways and dedicated sentinels, and runs on the school's sentinel alone. What
it is about stands in the site's file; `$devices` and its like are put in from there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.fleet.facts import Blanks
from collector.fleet.schedule import (
    LAN,
    LONGEST_EVERY,
    SCHEDULE_FILE,
    SENTINEL,
    blanks_in,
    probe_for,
    seconds,
    settings_in,
)
from collector.inventory.model import DeviceKind
from config.policy_folder import name_of
from config.strict import Table, read_toml
from probes.catalog import AnyProbe, Catalog
from probes.model import Role
from probes.wire import Task

ROLES = frozenset({Role.GATEWAY, Role.SENTINEL})
"""Who may be asked: a PC never gets a secret, and never sweeps."""
DEVICES, PROJECTORS, SWEEP, NETWORKS = "devices", "projectors", "sweep", "networks"
EXAMPLES: Mapping[str, Any] = {
    DEVICES: [
        {
            "name": "core",
            "host": "10.1.0.2",
            "port": 161,
            "version": "3",
            "user": "banjun",
            "auth": "SHA-256",
            "auth_key": "authentication",
            "privacy": "AES-128",
            "privacy_key": "encryption",
        },
        {"name": "sw1", "host": "10.1.0.3", "port": 161, "version": "2c", "community": "read"},
    ],
    PROJECTORS: [{"name": "101", "host": "10.1.3.11", "port": 4352, "password": ""}],
    SWEEP: ["10.1.1.0/24"],
    NETWORKS: ["10.1.0.0/16"],
}
"""Every fact of a site that a task may wait for, with a value of its kind."""
SECRET = frozenset({DEVICES, PROJECTORS})


@dataclass(frozen=True, slots=True)
class LanTask:
    """One row. `blanks`: the facts of the site for which it waits; `kinds`: the devices that it
    asks; None = all."""

    task: Task
    blanks: Blanks
    kinds: frozenset[DeviceKind] | None = None


def load_lan_tasks(catalog: Catalog, path: Path = SCHEDULE_FILE) -> tuple[LanTask, ...]:
    """In the order of the file; none where it has no such rows.

    Raises PolicyError naming file and key, also for a probe or setting that does not exist.
    """
    data = read_toml(path)
    top = Table(data, name_of(path))
    if not top.has(LAN):
        return ()
    with top.table(LAN) as lan:
        rows = zip(lan.tables("task"), data[LAN]["task"], strict=True)
        found = tuple(_row(table, plain, catalog) for table, plain in rows)
        probes = [each.task.probe for each in found]
        for probe in probes:
            if probes.count(probe) > 1:
                raise lan.error("task", f"{probe} 重复", f"{probe} is there twice")
        return found


def _row(table: Table, plain: Mapping[str, Any], catalog: Catalog) -> LanTask:
    with table:
        name = probe_for(sorted(ROLES), table, catalog)
        if catalog[name].aimed:
            raise table.error(
                "probe", f"{name} 需要目标，不能用在这里", f"{name} has to be aimed; not here"
            )
        blanks = blanks_in(table, plain, EXAMPLES)
        _keep_secret(table, blanks, catalog[name])
        task = Task(
            probe=name,
            every=seconds(table, "every", LONGEST_EVERY),
            target=LAN,
            settings=settings_in(table, plain, blanks, EXAMPLES, catalog[name]),
            lease=SENTINEL,
        )
        return LanTask(task, blanks, _kinds(table, blanks))


def _kinds(table: Table, blanks: Blanks) -> frozenset[DeviceKind] | None:
    if not table.has("kinds"):
        return None
    if DEVICES not in blanks.facts:
        raise table.error("kinds", "没有用到 $devices", "it does not ask the $devices")
    for word in (words := table.words("kinds")):
        if word not in set(DeviceKind):
            known = ", ".join(DeviceKind)
            raise table.error("kinds", f"“{word}”不是 {known}", f"{word!r} is not one of {known}")
    return frozenset(map(DeviceKind, words))


def _keep_secret(table: Table, blanks: Blanks, probe: AnyProbe) -> None:
    """A setting that shows its value in errors and lists never gets a secret."""
    secret = {f.name for f in dataclasses.fields(probe.Settings) if f.metadata.get("secret")}
    for key, fact in blanks.settings.items():
        if fact in SECRET and key not in secret:
            raise table.error(
                f"settings.{key}",
                f"{probe.name} 的这个设置不保密，不能填 ${fact}",
                f"this setting of {probe.name} is no secret, so it may not hold ${fact}",
            )
