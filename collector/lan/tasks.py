"""What the gateway or dedicated sentinel of a described school is asked about its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from collector.fleet.facts import fill
from collector.lan.credential import Credential
from collector.lan.schedule import (
    DEVICES,
    NETWORKS,
    PROJECTORS,
    ROLES,
    SWEEP,
    LanTask,
    load_lan_tasks,
)
from collector.lan.site import ManagedDevice, Projector
from collector.lan.sites import FOLDER, Described, Lan, read_lan
from config.policy_folder import policies_of
from probes.catalog import Catalog
from probes.model import Role, parse_settings
from probes.wire import Task

SCHEDULE = "schedule.toml"
Lans = Mapping[str, Lan]
"""School code -> what was said of its network."""


class LanPlan:
    """The rows of the schedule, and the networks as they are described now."""

    def __init__(self, rows: Sequence[LanTask] = (), lans: Callable[[], Lans] = dict) -> None:
        self._rows = rows
        self.lans = lans

    def for_role(self, role: Role, school: str, lans: Lans) -> Lan | None:
        """Whose network an agent is asked about; None for an agent that may not be asked."""
        return lans.get(school) if role in ROLES and self._rows else None

    def tasks(self, lan: Lan) -> list[Task]:
        return tasks_of(self._rows, lan)


def tasks_of(rows: Sequence[LanTask], lan: Lan) -> list[Task]:
    """Of all rows for which the site has the facts."""
    found = (fill(row.task, row.blanks, facts_of_site(lan, row)) for row in rows)
    return [task for task in found if task is not None]


def check_tasks(rows: Sequence[LanTask], catalog: Catalog, lan: Lan) -> None:
    """Raises SettingError for more than a probe can do, since an agent would refuse it all."""
    for task in tasks_of(rows, lan):
        parse_settings(catalog[task.probe].Settings, task.settings, task.probe)


def described_in(data_dir: Path, catalog: Catalog) -> tuple[tuple[LanTask, ...], Described]:
    """The rows of the schedule, and the networks as they are described there.

    Raises PolicyError for the schedule alone.
    """
    rows = load_lan_tasks(catalog, policies_of(data_dir) / SCHEDULE)
    return rows, read_lan(data_dir / FOLDER, check=partial(check_tasks, rows, catalog))


def facts_of_site(lan: Lan, row: LanTask) -> dict[str, Any]:
    """For the blanks of a row; what the site does not have is absent."""
    site, keys = lan.site, {key.id: key for key in lan.keys}
    facts = {
        DEVICES: [
            _device(device, keys[device.credential])
            for device in site.devices
            if device.credential in keys and (row.kinds is None or device.kind in row.kinds)
        ],
        PROJECTORS: [
            _projector(each, keys.get(each.credential))
            for each in site.projectors
            if not each.credential or each.credential in keys
        ],
        SWEEP: [str(network) for network in site.sweep],
        NETWORKS: [str(network) for network in site.networks],
    }
    return {name: value for name, value in facts.items() if value}


def _device(device: ManagedDevice, key: Credential) -> dict[str, Any]:
    return {"name": device.name, "host": device.host, "port": device.port, **key.for_probe()}


def _projector(each: Projector, key: Credential | None) -> dict[str, Any]:
    secret = key.for_probe() if key is not None else {"password": ""}
    return {"name": each.name, "host": each.host, "port": each.port, **secret}
