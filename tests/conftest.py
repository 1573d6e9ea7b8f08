"""What all tests share: marks that skip visibly, and a summary of what did not run, and why."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import garbage, stalls

# A busy machine is no fault of what is tested.
settings.register_profile("banjun", deadline=None)
settings.load_profile("banjun")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(garbage)
    config.pluginmanager.register(stalls)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`root` needs root; `server("name")` needs that program."""
    if item.get_closest_marker("root") and not (hasattr(os, "geteuid") and os.geteuid() == 0):
        pytest.skip("needs root: sudo make test")
    for mark in item.iter_markers("server"):
        for program in mark.args:
            if shutil.which(program) is None:
                pytest.skip(f"needs {program} (tests/debian-packages.txt says which package)")


@pytest.fixture(autouse=True)
def umask_is_kept() -> Iterator[None]:
    """The programs close it for their process, which is this one where a test calls `main`."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several workers none shall begin with a long file when the others are about to end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Skipped tests by reason; pytest's own -rs lists places, and a reader wants causes."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        terminalreporter.write_line("全部测试都已运行 · every test ran")
        return
    terminalreporter.section("没有运行的测试 · tests that did not run", sep="-")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:5}  {reason}")


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")
