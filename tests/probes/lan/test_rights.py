"""What is left of a process's rights, as the kernel tells it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.lab.programs import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = """
import os, socket, sys
from probes.lan import rights
had = rights.keep_net_raw()
told = dict(line.split(":", 1) for line in open("/proc/thread-self/status"))
print(had, *(told[key].strip() for key in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb")))
print(told["NoNewPrivs"].strip(), os.getresuid()[0], os.getresgid()[0], os.getgroups())
for what in (
    lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    lambda: os.chown("/etc/hostname", 1, 1),
    lambda: os.setresuid(0, 0, 0),
    lambda: open("/etc/shadow").read(),
):
    try:
        what()
        print("may")
    except OSError as exc:
        print("may not")
"""
NONE, NET_RAW = "0" * 16, "0000000000002000"


def left(*before: str, python: str = sys.executable) -> list[list[str]]:
    done = subprocess.run(
        [*before, python, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.root
def test_root_keeps_raw_sockets_and_nothing_else() -> None:
    rights, others, *may = left()
    assert rights == ["True", NET_RAW, NET_RAW, NONE, NONE, NONE]
    assert (others[0], others[2:]) == ("1", ["65534", "[]"])
    assert may[:2] == [["may"], ["may", "not"]]


@pytest.mark.root
@pytest.mark.skipif(not shutil.which(SYSTEM_PYTHON), reason=f"needs {SYSTEM_PYTHON}")
def test_root_becomes_nobody_where_python_can_be_read_by_all() -> None:
    rights, others, *may = left(python=SYSTEM_PYTHON)
    assert rights[:3] == ["True", NET_RAW, NET_RAW]
    assert others == ["1", "65534", "65534", "[]"]
    assert may == [["may"], ["may", "not"], ["may", "not"], ["may", "not"]]


@pytest.mark.root
@pytest.mark.server("setpriv")
def test_process_without_the_right_learns_so_and_keeps_nothing() -> None:
    rights, _, *may = left("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")
    assert rights == ["False", NONE, NONE, NONE, NONE, NONE]
    assert may[0] == ["may", "not"]


@pytest.mark.root
@pytest.mark.server("setpriv")
def test_ordinary_user_with_the_right_alone_keeps_it() -> None:
    who = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    grant = ("--inh-caps", "+net_raw", "--ambient-caps", "+net_raw")
    rights, _, *may = left(*who, *grant, python=SYSTEM_PYTHON)
    assert (rights[0], rights[2], rights[5]) == ("True", NET_RAW, NONE)
    assert may[0] == ["may"]
