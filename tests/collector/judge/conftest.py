from __future__ import annotations

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
    return read_policies()


@pytest.fixture(scope="session")
def judge(policies: Policies, calendar: Calendar) -> Judge:
    return Judge(catalog(), policies, calendar)
