"""What agents are to run, put together: the schedule, and what changes it as time goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from collector.fleet.facts import facts_of
from collector.fleet.fleet import Fleet
from collector.fleet.platforms import with_platforms
from collector.fleet.schedule import check_filled, load_schedule
from collector.lan.schedule import load_lan_tasks
from collector.lan.sites import LanFolder
from collector.lan.tasks import LanPlan, check_tasks
from collector.register.register import Register
from collector.remote.lessons import RemoteLessonsFile
from config.calendar import Calendar
from config.canary_file import load_canaries
from config.collector_settings import CollectorSettings
from config.platform_file import Platform
from config.policy_folder import policies_of
from probes.catalog import Catalog


class Planning:
    """Raises PolicyError for a schedule that cannot be carried out.

    Args:
        reflector_key: of the week that begins then.
        secret: see Fleet.

    Attributes:
        remote, lan: the county's own lists in the data directory, as they stand now.
    """

    def __init__(
        self,
        register: Register,
        catalog: Catalog,
        calendar: Calendar,
        data_dir: Path,
        *,
        platforms: tuple[Platform, ...],
        settings: CollectorSettings,
        public_url: str,
        reflector_key: Callable[[datetime], str],
        secret: str,
        now: Callable[[], datetime],
    ) -> None:
        folder = policies_of(data_dir)
        path = folder / "schedule.toml"
        self._facts = {
            **facts_of(public_url, settings.reflector_port, settings.measure_port),
            **load_canaries(folder).facts(),
        }
        schedule = with_platforms(load_schedule(catalog, path), platforms, catalog)
        check_filled(schedule, self._facts, catalog)
        self._reflector_key = reflector_key
        self.remote = RemoteLessonsFile(data_dir)
        rows = load_lan_tasks(catalog, path)
        self.lan = LanFolder(data_dir, partial(check_tasks, rows, catalog))
        self.fleet = Fleet(
            register,
            schedule,
            calendar.expand,
            now,
            self._facts_in,
            lambda: self.remote.now.meetings,
            LanPlan(rows, lambda: self.lan.now.lans),
            secret.encode(),
        )

    def refresh(self) -> bool:
        """Read again what has changed; whether the county's lists have. Blocks."""
        changed = self.remote.refresh() | self.lan.refresh()
        self.fleet.refresh()
        return changed

    def figures(self) -> Mapping[str, object]:
        """For /v1/status: how many networks are described, and which files have mistakes."""
        lan = self.lan.now
        return {
            "lan_schools": len(lan.lans),
            "lan_faults": {name: {"zh": t.zh, "en": t.en} for name, t in lan.faults.items()},
        }

    def _facts_in(self, week: datetime) -> Mapping[str, Any]:
        return {**self._facts, "reflector_key": self._reflector_key(week)}
