"""A test that fails while the machine stands still is run again; the summary names it.

Time-outs and lines of a known rate are tested by the clock, and a virtual machine is now and then
not given its cores for a moment. Whether that happened is measured, by a thread that looks how late
it wakes; without such a moment a failure is a failure.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from time import monotonic, sleep

import pytest

TICK = 0.02
LATE = 0.1
"""Seconds; a time-out in these tests is rarely shorter than twice as long."""
RERUNS = 2
TITLE = "机器停顿 · the machine stood still"


class Watch(threading.Thread):
    """`longest` is how long this process could not run, in seconds, since `forget`."""

    def __init__(self) -> None:
        super().__init__(name="stalls", daemon=True)
        self.longest = 0.0

    def forget(self) -> None:
        self.longest = 0.0

    def run(self) -> None:
        before = monotonic()
        while True:
            sleep(TICK)
            now = monotonic()
            self.longest = max(self.longest, now - before - TICK)
            before = now

    def saw_one(self) -> bool:
        sleep(3 * TICK)  # after a stall the test may be awake before this thread
        return self.longest > LATE


watch = Watch()


def pytest_sessionstart() -> None:
    watch.start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    again = pytest.mark.flaky(reruns=RERUNS, condition=_failed_over_a_stall)
    for item in items:
        item.add_marker(again)


def _failed_over_a_stall(error: BaseException | None) -> bool:
    return error is not None and watch.saw_one()  # it is asked of tests that pass as well


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    watch.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and watch.saw_one():
        report.sections.append((TITLE, f"{watch.longest:.2f} s"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    again = terminalreporter.stats.get("rerun", [])
    if not again:
        return
    terminalreporter.section(f"重跑的测试，因{TITLE} · tests run again", sep="-")
    for report in again:
        seconds = dict(report.sections).get(TITLE, "")
        terminalreporter.write_line(f"{seconds:>8}  {report.nodeid}")
