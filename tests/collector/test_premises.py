from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.lan.site import Site, Uplink
from collector.premises import PAST, premises_now
from collector.register.register import Register

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


PORT = Uplink("core", "GE0/0/24")
PORTS = {"A": PORT, "B": None}


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    found = Register.open(tmp_path / "register.sqlite3", lambda: NOW)
    yield found
    found.close()


def test_exams_of_the_last_month_and_to_come_are_told(register: Register) -> None:
    for at in (NOW - PAST - timedelta(days=1), NOW - timedelta(days=3), NOW + timedelta(days=9)):
        register.exams.announce("9934000001", "J101", at, "", "test")
    told = premises_now(register, NOW, {}, {})
    assert [exam.at - NOW for exam in told.exams] == [timedelta(days=-3), timedelta(days=9)]


def test_only_sites_that_name_a_port_have_one(register: Register) -> None:
    sites = {code: Site(school=code, networks=(), uplink=port) for code, port in PORTS.items()}
    assert premises_now(register, NOW, sites, {}).uplinks == {"A": PORT}


def test_without_an_inventory_no_device_is_known(register: Register) -> None:
    assert premises_now(register, NOW, {}, {}).devices.get("A", ()) == ()
