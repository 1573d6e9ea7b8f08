from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent.schedule import UNUSED
from agent.stand_ins import stand_ins

ROOT = Path(__file__).parents[2]


def test_stand_in_is_there_while_loading_and_gone_afterwards() -> None:
    with stand_ins({"no_such_module": {"answer": 42}}):
        from no_such_module import answer  # type: ignore[import-not-found]
    assert answer == 42
    assert "no_such_module" not in sys.modules


def test_module_that_is_loaded_already_stays_itself() -> None:
    with stand_ins({"sys": {"maxsize": 1}}):
        import sys as found
    assert found is sys
    assert sys.modules["sys"] is sys


def in_a_fresh_interpreter(code: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_whoever_needs_the_real_module_gets_it_after_the_scheduler() -> None:
    code = f"""
import agent.schedule, importlib, sys
names = {sorted(UNUSED)!r}
assert not set(names) & set(sys.modules)
for name in names:
    print(importlib.import_module(name).__file__)
from importlib.metadata import version
print(version("apscheduler"))
"""
    *files, version = in_a_fresh_interpreter(code).split()
    assert len(files) == len(UNUSED)
    assert version.startswith("3.")


def test_newer_scheduler_that_needs_more_is_only_heavier() -> None:
    code = """
import sys, agent.stand_ins as s
real = s._module
s._module = lambda name, content: real(name, {})
import agent.schedule
print("tzlocal" in sys.modules, agent.schedule.AsyncIOScheduler.__name__)
"""
    assert in_a_fresh_interpreter(code).split() == ["True", "AsyncIOScheduler"]
