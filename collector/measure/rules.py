"""What the timetable allows now, and what is set aside for a line."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from collector.register.model import School
from config.calendar import Calendar, PeriodKind, Stretch
from config.measuring_file import Loading, MeasuringPolicy
from probes.measuring.permit import Tier
from probes.text import BanjunError

log = logging.getLogger(__name__)

LINES = {"education_network": "edu_net"}
"""Names of lines that are not the primary one -> the role of the link."""
_RANK = {Tier.PASSIVE: 0, Tier.TRAINS: 1, Tier.STREAMS: 2}


def dearest(
    policy: MeasuringPolicy, calendar: Calendar, school: School, wanted: Loading, now: datetime
) -> list[Loading]:
    """The tiers that may be used, the dearest first; none is `not_now`.

    A tier has to be allowed until its leave would end: streams do not begin before a bell.
    """
    found: list[Loading] = []
    for tier in (Tier.STREAMS, Tier.TRAINS):
        until = now + timedelta(seconds=policy.bounds[tier].seconds)
        periods = periods_in(calendar, school, now, until)
        if _RANK[tier] <= min(_RANK[wanted], *(_RANK[policy.allowed[p]] for p in periods)):
            found.append(tier)
    return found


def periods_in(
    calendar: Calendar, school: School, since: datetime, until: datetime
) -> Collection[PeriodKind]:
    """What [since, until) touches. Without a timetable it may be a lesson at any time."""
    try:
        stretches = calendar.expand(school.calendar, since, until, school.time_zone)
    except BanjunError as exc:
        log.debug("no timetable of %s, so its line is spared: %s", school.code, exc)
        return {"lesson"}
    return {stretch.kind for stretch in stretches} | _gaps(stretches, since, until)


def _gaps(stretches: list[Stretch], since: datetime, until: datetime) -> set[PeriodKind]:
    covered = sum((stretch.until - stretch.since for stretch in stretches), timedelta())
    return {"off"} if covered < until - since else set()


def reserve(
    policy: MeasuringPolicy, school: School, line: str, expected: float | None, limit: float
) -> float:
    """Whole bits a second to set aside on a server that has `limit`."""
    likely = expected or _contracted(school, line) or policy.unknown
    return float(round(min(limit, max(policy.least, policy.headroom * likely))))


def _contracted(school: School, line: str) -> float | None:
    """The faster direction of what is contracted; None where no contract is known."""
    role = LINES.get(line, "primary")
    rates = [
        rate
        for link in school.links
        if link.role == role
        for rate in (link.contract_down_bits_per_second, link.contract_up_bits_per_second)
        if rate
    ]
    return max(rates, default=None)
