from __future__ import annotations

from dataclasses import replace

import pytest

from collector.judge.judge import Judge, read_policies
from config.calendar import Calendar
from config.calendar_file import load_calendar
from config.policy import Policies
from tests.collector.judge.town import catalog


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return load_calendar()


@pytest.fixture(scope="session")
def policies() -> Policies:
    """As shipped, but of the duties only the one whose fact the machines of the town report."""
    found = read_policies()
    return replace(found, duties=tuple(d for d in found.duties if d.id == "duty.host_firewall"))


@pytest.fixture(scope="session")
def judge(policies: Policies, calendar: Calendar) -> Judge:
    return Judge(catalog(), policies, calendar)
