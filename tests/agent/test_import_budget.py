"""What an agent with the role PC loads at start is counted: a classroom PC pays for each module."""

from __future__ import annotations

from functools import cache

import pytest

from collector.fleet.schedule import load_schedule
from probes.catalog import discover
from probes.model import Role
from tests.import_record import Loaded, record

MOST_MODULES = 306
"""What is loaded beyond a bare interpreter, for the role PC; 304 on 2026-11-23, with 28 probes on
its schedule."""

FORBIDDEN = {
    # libraries that belong to the collector, or to a probe that loads them when it runs
    "aiohttp", "alembic", "attr", "cryptography", "dns", "duckdb", "holidays", "idna", "jinja2",
    "multidict", "numpy", "pyarrow", "pyasn1", "pysnmp", "requests", "rich", "scapy", "sqlalchemy",
    "uvloop", "yarl",
    # parts of the standard library that something small drags in
    "asyncio.__main__", "concurrent.futures.process", "csv", "ctypes", "distutils", "doctest",
    "email", "ftplib", "html", "http", "imaplib", "importlib.metadata", "multiprocessing", "pdb",
    "pickle", "pydoc", "smtplib", "statistics", "tempfile", "tkinter", "tomllib", "unittest",
    "urllib.request", "xml", "zipfile", "zoneinfo",
    # parts of APScheduler that agent/schedule.py leaves out
    "tzlocal", "apscheduler.executors.pool",
}  # fmt: skip


def scheduled() -> list[str]:
    tasks = load_schedule(discover())[Role.PC].tasks
    return sorted({f"probes.instruments.{task.probe}" for task in tasks})


@cache
def loaded() -> dict[str, Loaded]:
    start = ["agent.__main__", "agent.commands.run", *scheduled(), "psutil"]
    return {found.name: found for found in record(start)}


def chain(name: str) -> str:
    """Who asked for it first, and who for that."""
    links = [name]
    while (by := loaded()[links[-1]].by) in loaded():
        links.append(by)
    return " <- ".join([*links, by or "the start"])


def forbidden(name: str) -> bool:
    return any(name == taboo or name.startswith(f"{taboo}.") for taboo in FORBIDDEN)


def test_nothing_heavy_is_loaded_at_start() -> None:
    assert [chain(name) for name in loaded() if forbidden(name)] == []


def test_number_of_modules_is_bounded() -> None:
    count = len(loaded())
    assert count <= MOST_MODULES, f"{count} modules: {' '.join(sorted(loaded()))}"


def test_instruments_that_are_not_scheduled_are_not_loaded() -> None:
    found = {n for n in loaded() if n.startswith("probes.instruments.")}
    assert found == set(scheduled())


@pytest.mark.parametrize("module", ["agent.__main__", "probes.instruments.uptime"])
def test_the_record_sees_what_is_loaded(module: str) -> None:
    assert module in loaded()
    assert chain("logging").endswith("the start")
