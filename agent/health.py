"""What the agent says about itself: in each push, and in a file for `banjun-agent status`.

Figures that are not known are left out. Nothing here decides anything.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agent.clock import Clock
from agent.config_client import ConfigClient
from agent.config_trial import ConfigTrial
from agent.identity import Identity
from agent.leases import SENTINEL, Leases
from agent.radio import by_radio_or_none
from agent.runner import Runs
from agent.shelf import Depth
from agent.shipper import Deliveries, State
from agent.spool import Known, Spool
from agent.thrift import Thrift
from config.durable import replace_file
from probes.life import Life
from probes.text import Text

log = logging.getLogger(__name__)

FILE = "status.json"
MAX_ERROR = 200
"""Characters of an error that travel in a push."""


@cache
def agent_version() -> str:
    """`unknown` when run from a folder that was never installed.

    Read from the name of the folder that every installer leaves behind: importlib.metadata says the
    same and costs 1.5 MB.
    """
    for place in sys.path:
        for found in Path(place).glob("banjun-*.dist-info"):
            return found.name.removeprefix("banjun-").removesuffix(".dist-info")
    return "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Reads the figures where they arise."""

    identity: Identity
    clock: Clock
    started_at: int
    life: Life
    spool: Spool
    runs: Runs
    trial: ConfigTrial
    config: ConfigClient
    deliveries: Deliveries
    thrift: Thrift
    leases: Leases

    def state(self, depth: Depth) -> State:
        """For `Push.state`. Times are wall clock, ms."""
        config = self.trial.in_force
        return _known(
            version=agent_version(),
            platform=f"{platform.system()} {platform.release()}",
            started_at=self.started_at,
            stopping=self.life.stopping,
            config_on_trial=self.trial.on_trial or None,
            config_error=_short(self.config.error),
            config_failed=",".join(self.trial.failed) or None,
            tasks=len(config.tasks) if config else 0,
            runs_ok=self.runs.outcomes["ok"],
            runs_failed=self.runs.outcomes["failed"],
            runs_not_run=self.runs.outcomes["not_run"],
            runs_fault=self.runs.outcomes["fault"],
            spool_batches=depth.batches,
            spool_readings=depth.readings + depth.unsealed,
            spool_bytes=depth.bytes,
            spool_oldest_at=depth.oldest_at,
            spool_trouble=self.spool.trouble[:MAX_ERROR] or None,
            lost_readings=self.spool.lost,
            dead_batches=depth.dead,
            pushes=self.deliveries.pushes,
            link_metered=self.thrift.metered,
            link_wireless=by_radio_or_none(),
            sentinel_epoch=self.leases.epoch(SENTINEL),
            link_today_bytes=self.thrift.today_bytes,
            link_daily_bytes=self.thrift.daily_bytes,
            push_error=_short(self.deliveries.error),
            push_failed_since=self.deliveries.failed_since,
        )

    def write(self, state_dir: Path, depth: Depth) -> None:
        """Replace the status file. A disk that does not take it is the spool's story to tell."""
        try:
            content = json.dumps(self.report(depth), ensure_ascii=False, indent=1).encode()
            replace_file(state_dir / FILE, content, durable=False)
        except OSError as exc:
            log.debug("status file not written why=%s", exc)

    def report(self, depth: Depth) -> dict[str, Any]:
        """The status file: `state`, and what only this machine needs to know."""
        done = self.deliveries
        return {
            "pid": os.getpid(),
            "written_at": self.clock.wall(),
            "agent": self.identity.agent,
            "config": self.trial.revision,
            "last_push_at": done.last_push_at,
            "clock_ahead_ms": done.clock_ahead_ms,
            "push_error": _both(done.error),
            "config_error": _both(self.config.error),
            "state": dict(self.state(depth)),
            "tasks": self._tasks(),
        }

    def _tasks(self) -> list[dict[str, Any]]:
        config = self.trial.in_force
        tasks = []
        for task in config.tasks if config else ():
            last = self.runs.last.get((task.probe, task.target))
            tasks.append(
                {
                    "probe": task.probe,
                    "target": task.target,
                    "every": task.every,
                    "outcome": last.outcome if last else None,
                    "reason": last.reason if last else None,
                    "about": last.about if last else "",
                }
            )
        return tasks


def read_status(state_dir: Path) -> Mapping[str, Any] | None:
    """What the agent last wrote; None if there is nothing that can be read."""
    try:
        status = json.loads((state_dir / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) else None


def last_known(status: Mapping[str, Any] | None) -> Known | None:
    """What the spool held when the status was written; None if it held nothing or is not known."""
    state = (status or {}).get("state", {})
    readings, oldest_at = state.get("spool_readings"), state.get("spool_oldest_at")
    if not (isinstance(readings, int) and isinstance(oldest_at, int)):
        return None
    return Known(readings, oldest_at)


def _known(**figures: str | float | int | bool | None) -> State:
    return {name: value for name, value in figures.items() if value is not None}


def _short(error: Text | None) -> str | None:
    return None if error is None else error.en[:MAX_ERROR]


def _both(error: Text | None) -> dict[str, str] | None:
    return None if error is None else {"zh": error.zh, "en": error.en}
