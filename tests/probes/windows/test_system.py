from __future__ import annotations

import subprocess
import sys

import pytest

from probes.model import ProbeError
from probes.windows.system import library, read_keys, read_values
from tests.fakes.windows import FakeWindows
from tests.probes.conftest import ROOT


def test_values_and_keys_are_read(windows: FakeWindows) -> None:
    windows.have({r"A\B": {"x": 1, "y": "words"}, r"A\C\D": {}})
    assert read_values(r"A\B") == {"x": 1, "y": "words"}
    assert read_keys("A") == ["b", "c"]


def test_key_that_is_not_there_is_empty(windows: FakeWindows) -> None:
    assert (read_values(r"A\B"), read_keys("A")) == ({}, [])


def test_key_that_may_not_be_read_is_said(windows: FakeWindows) -> None:
    windows.registry.denied.add("a")
    with pytest.raises(ProbeError) as caught:
        read_values("A")
    assert caught.value.reason == "no_privilege"


@pytest.mark.skipif(sys.platform == "win32", reason="has them")
def test_other_systems_have_neither() -> None:
    for ask in (lambda: library("ntdll"), lambda: read_values("A")):
        with pytest.raises(ProbeError) as caught:
            ask()
        assert caught.value.reason == "unsupported_system"


@pytest.mark.skipif(sys.platform == "win32", reason="loads them")
def test_nothing_of_windows_is_loaded_elsewhere() -> None:
    script = (
        "import sys, agent.__main__, agent.app; from probes.catalog import discover; discover()\n"
        "print([name for name in sys.modules if name.startswith(('probes.windows', 'winreg'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
