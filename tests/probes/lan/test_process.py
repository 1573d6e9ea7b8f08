"""The process beside the agent: where it cannot work it says why."""

from __future__ import annotations

import subprocess
import sys

import pytest

from probes.lan.__main__ import answer
from probes.model import ProbeError
from tests.lab.programs import ROOT


def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(ProbeError) as caught:
        answer({"do": "watch"})
    assert caught.value.reason == "unsupported_system"


def test_wrong_words_are_answered_with_the_right_ones() -> None:
    command = [sys.executable, "-m", "probes.lan", "reed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "python -m probes.lan read FILE.pcap" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_process_takes_less_memory_than_its_share_of_the_service() -> None:
    script = (
        "from probes.lan import frames, rights, sweep, watch, offers, adverts, names\n"
        "frames.load(); rights.bound_work()\n"
        "for line in open('/proc/self/status'):\n"
        "    if line.startswith('VmHWM'): print(line.split()[1])"
    )
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    megabytes = int(done.stdout) / 1024
    print(f"\nprobes.lan: {megabytes:.0f} MB")
    assert megabytes < 100
