"""Recorded devices of snmpsim-data, served by snmpsim: v2c by community, v3 by context."""

from __future__ import annotations

import bz2
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 60.0
PROGRAM = "snmpsim-command-responder"


def recordings() -> Path:
    """The folder of snmpsim-data; the test is skipped without it."""
    found = pytest.importorskip("snmpsim_data")
    return Path(found.__file__).with_name("data")


def copy(name: str, folder: Path, keep: Sequence[str] = (), community: str = "") -> str:
    """One recording, such as `network/switch/dcs-3726c`; with `keep`, only what begins so, as an
    index of a whole recording takes seconds. Returns its community; for v3 that is the context,
    and at most 32 characters."""
    source = recordings() / f"{name}.snmprec"
    if source.exists():
        data = source.read_bytes()
    else:
        data = bz2.decompress(source.with_name(source.name + ".bz2").read_bytes())
    heads = tuple(f"{head}.".encode() for head in keep)
    lines = [line for line in data.splitlines() if not heads or line.startswith(heads)]
    community = community or name.replace("/", "-")
    (folder / f"{community}.snmprec").write_bytes(b"\n".join(lines) + b"\n")
    return community


@contextmanager
def served(folder: Path, options: Sequence[str] = (), patience: float = PATIENCE) -> Iterator[int]:
    """The port at which the recordings in `folder` are served. `options`: of v3 users."""
    program = shutil.which(PROGRAM, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"needs {PROGRAM} (pip install snmpsim)")
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    port = free_port()
    as_root = ["--process-user=root", "--process-group=root"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [
            program, *as_root, f"--cache-dir={cache}", "--v3-engine-id=auto",
            f"--data-dir={folder}", *options, f"--agent-udpv4-endpoint=127.0.0.1:{port}",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        _await_listening(process, patience)
        await_bound(port)
        yield port
    finally:
        process.kill()
        process.communicate()


def _await_listening(process: subprocess.Popen[str], patience: float) -> None:
    assert process.stdout is not None
    said = []
    killer = threading.Timer(patience, process.kill)
    killer.start()
    try:
        for line in process.stdout:
            said.append(line)
            if "Listening" in line:
                break
        else:
            raise AssertionError("".join(said[-20:]))
    finally:
        killer.cancel()
    # What it prints later must not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()


def await_bound(port: int) -> None:
    """Until a UDP socket has this port; some servers say that they listen before they do."""
    until = time.monotonic() + PATIENCE
    while f":{port:04X} " not in Path("/proc/net/udp").read_text():
        assert time.monotonic() < until
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])
