"""A collector that speaks TLS with a certificate made for the occasion, and one enrolled PC."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from collector.register.model import School
from collector.register.register import Register
from config.enrolment import Enrolment
from probes.model import Role
from tests.bench.peers import await_serving, free_port
from tests.fakes.certificate import make_certificate

SCHOOL = "9934000001"
AS_INSTALLED = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "LC_ALL": "C.UTF-8"}
"""Compiled once, not at each start: what is compiled anew leaves holes in the memory."""


@contextmanager
def site() -> Iterator[Path]:
    """The folder of an agent that is enrolled over TLS: `state`, `agent.toml`, `agent.log`."""
    folder = Path(mkdtemp(prefix="banjun-bench-agent-"))
    port = free_port()
    certificate, key = make_certificate(folder)
    (folder / "collector.toml").write_text(
        f'certificate = "{certificate}"\nprivate_key = "{key}"\n'
        f'public_url = "https://127.0.0.1:{port}"\n'
    )
    (folder / "agent.toml").write_text(f'ca_file = "{certificate}"\n')
    string = _found_school(folder / "data", f"https://127.0.0.1:{port}")
    process = _start(
        folder / "collector.log", "collector", "serve", "--data-dir", str(folder / "data"),
        "--config", str(folder / "collector.toml"), "--port", str(port),
    )  # fmt: skip
    try:
        await_serving(folder / "data", port, process)
        enrolling = start_agent(folder, "enrol", string)
        if enrolling.wait(60) != 0:
            raise RuntimeError((folder / "agent.log").read_text())
        yield folder
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def start_agent(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    return _start(
        folder / "agent.log", "agent", *command,
        "--state-dir", str(folder / "state"), "--config", str(folder / "agent.toml"),
    )  # fmt: skip


def _start(log: Path, *command: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", *command], stdout=file, stderr=file, env=AS_INSTALLED
        )


def _found_school(data_dir: Path, url: str) -> str:
    data_dir.mkdir()
    register = Register.open(data_dir / "register.sqlite3")
    school = School(code=SCHOOL, name="示范小学", adcode="340199", classes={"primary": 12})
    register.put_schools([school], actor="bench")
    token = register.create_token(SCHOOL, Role.PC, actor="bench")
    register.close()
    return Enrolment(url, token.id, token.secret).to_text()
