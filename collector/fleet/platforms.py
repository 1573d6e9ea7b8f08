"""The county's platforms as tasks of every gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from collector.fleet.schedule import RoleSchedule
from config.platform_file import Platform
from probes.catalog import Catalog
from probes.model import Role
from probes.wire import Task

PROBES = ("tcp_connect", "web_fetch")
"""That look at a platform, as far as there are such probes."""


def with_platforms(
    schedule: Mapping[Role, RoleSchedule], platforms: Sequence[Platform], catalog: Catalog
) -> Mapping[Role, RoleSchedule]:
    """The schedule as it is without platforms, or where no gateway has any."""
    gateway = schedule.get(Role.GATEWAY)
    if gateway is None or not platforms:
        return schedule
    tasks = tuple(
        Task(probe, platform.every, platform.target, platform.host, platform.port)
        for platform in platforms
        for probe in PROBES
        if probe in catalog and catalog[probe].aimed and Role.GATEWAY in catalog[probe].roles
    )
    return {**schedule, Role.GATEWAY: replace(gateway, tasks=gateway.tasks + tasks)}
