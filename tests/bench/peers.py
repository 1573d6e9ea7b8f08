"""The two servers of the benchmarks, each on a free loopback port and a new folder."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from collector.register.model import School
from collector.register.register import Register
from probes.model import Role
from probes.wire import VERSION, EnrolRequest

VICTORIA = ("victoria-metrics", "victoria-metrics-prod")


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An agent that may push."""

    agent: str
    key: str
    school: str


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def collector(agents: int, seal_every: float) -> Iterator[tuple[Server, list[Enrolled]]]:
    """A real collector with `agents` enrolled in a hundred schools."""
    folder = Path(mkdtemp(prefix="banjun-bench-"))
    enrolled = _enrol(folder, agents)
    settings = folder / "collector.toml"
    settings.write_text(f"seal_every = {seal_every:.1f}\njudge_every = 3600.0\n")
    port = free_port()
    command = [sys.executable, "-m", "collector", "serve", "--data-dir", str(folder),
               "--config", str(settings), "--port", str(port), "--lang", "en"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        await_serving(folder, port, process)
        yield Server(process.pid, port, folder), enrolled
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def _enrol(folder: Path, agents: int) -> list[Enrolled]:
    register = Register.open(folder / "register.sqlite3")
    schools = [
        School(code=f"99{n:08d}", name=f"学校 {n}", adcode="340199", classes={"primary": 12})
        for n in range(100)
    ]
    register.put_schools(schools, actor="bench")
    tokens = [
        register.create_token(s.code, Role.GATEWAY, actor="bench", max_uses=agents) for s in schools
    ]
    found = []
    for n in range(agents):
        token = tokens[n % len(tokens)]
        reply = register.enrol(
            EnrolRequest(v=VERSION, token=f"{token.id}.{token.secret}", nonce=f"bench-{n:08d}"),
            "127.0.0.1",
        )
        found.append(Enrolled(reply.agent, reply.key, reply.school))
    register.close()
    return found


def await_serving(folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if (folder / "serving.json").exists():
            json.loads((folder / "serving.json").read_text())
            return
        if process.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


@contextmanager
def victoria(*flags: str) -> Iterator[Server]:
    """VictoriaMetrics with the settings of its Debian package, and `flags`."""
    binary = next((path for name in VICTORIA if (path := shutil.which(name))), None)
    if binary is None:
        raise FileNotFoundError("victoria-metrics is not installed: apt install victoria-metrics")
    folder = Path(mkdtemp(prefix="banjun-bench-vm-"))
    port = free_port()
    process = subprocess.Popen(
        [
            binary,
            f"-storageDataPath={folder}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=100y",  # the data of a benchmark are of a day that never changes
            *flags,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).read()
                break
            except OSError:
                time.sleep(0.1)
        yield Server(process.pid, port, folder)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def victoria_version() -> str:
    """What it says itself; Debian's says nothing, but its package does."""
    named = next(n for n in VICTORIA if shutil.which(n))
    for command in ([named, "-version"], ["dpkg-query", "-W", named]):
        try:
            shown = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if told := (shown.stdout or shown.stderr).strip():
            return told
    return f"{named} of a version that it does not tell"
