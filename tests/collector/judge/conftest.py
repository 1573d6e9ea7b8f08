from __future__ import annotations

from dataclasses import replace

import pytest

from collector.judge.judge import Judge, read_policies
from config.calendar import Calendar
from config.calendar_file import load_calendar
from config.policy import Policies
from tests.collector.judge.town import catalog

OF_THE_LINE = {
    "hefei.egress_per_class",
    "national.access_100m",
    "xixiang.platforms",
    "xixiang.remote_class",
    "shanxi.uplink_up",
    "dengbao.line_load",
}


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return load_calendar()


@pytest.fixture(scope="session")
def policies() -> Policies:
    """As shipped, but without what is asked of rooms and computers, and of the duties only the one
    whose fact the machines of the town report."""
    found = read_policies()
    return replace(
        found,
        targets=tuple(t for t in found.targets if t.policy in OF_THE_LINE),
        duties=tuple(d for d in found.duties if d.id == "duty.host_firewall"),
    )


@pytest.fixture(scope="session")
def judge(policies: Policies, calendar: Calendar) -> Judge:
    return Judge(catalog(), policies, calendar)
