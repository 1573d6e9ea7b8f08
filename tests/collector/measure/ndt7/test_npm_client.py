"""The npm client @m-lab/ndt7, unmodified, under Node: both directions, plain and TLS."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from collector.measure.ndt7.protocol import Direction, Timing
from collector.measure.ndt7.result import End, Ndt7Result
from collector.tls.folder import TlsFolder
from collector.tls.live import LiveCertificate
from collector.tls.names import checked
from tests.fakes.papers import NOW

from .listening import Listening, listening

pytestmark = pytest.mark.long

CLIENT = "@m-lab/ndt7@0.1.4"
INSTALL_SECONDS = 20
TIMING = Timing(end=2, hard_stop=6)
SCRIPT = Path(__file__).with_name("client.js")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client, from the registry that npm is set up for."""
    if not (shutil.which("npm") and has_websocket()):
        pytest.skip("needs npm and Node 20.10 or later, for the NDT7 client of npm")
    folder = tmp_path_factory.mktemp("npm")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
    try:
        called("npm", "install", *quiet, "--prefix", str(folder), CLIENT).check_returncode()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm cannot fetch {CLIENT}: no registry within reach")
    return folder


def has_websocket() -> bool:
    if shutil.which("node") is None:
        return False
    found = called("node", "--experimental-websocket", "--print", "typeof WebSocket")
    return found.stdout.strip() == b"function"


def called(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, check=False, timeout=INSTALL_SECONDS)


async def run(client: Path, protocol: str, server: str, **environment: str) -> dict[str, Any]:
    """What the client reports."""
    process = await asyncio.create_subprocess_exec(
        "node", "--experimental-websocket", SCRIPT, client, protocol, server,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment},
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert out, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found


async def check(found: dict[str, Any], here: Listening) -> tuple[Ndt7Result, Ndt7Result]:
    """Both directions are whole, and client and server saw the same."""
    assert (found["code"], found["errors"]) == (0, [])
    down, up = await here.result(), await here.result()
    assert (down.direction, up.direction) == (Direction.DOWNLOAD, Direction.UPLOAD)
    for result in (down, up):
        assert result.end is End.DONE
        assert result.metadata["client_library_name"] == "ndt7-js"
        said = found[result.direction]["LastServerMeasurement"]
        assert said["ConnectionInfo"]["UUID"] == result.uuid
        assert result.bits_per_second is not None
        assert result.bits_per_second > 1e6
    return down, up


def client_bytes(found: dict[str, Any], direction: Direction) -> int:
    return int(found[direction]["LastClientMeasurement"]["NumBytes"])


async def test_npm_client_completes_both_directions(client: Path) -> None:
    async with listening(timing=TIMING) as here:
        found = await run(client, "ws", f"127.0.0.1:{here.port}")
        down, up = await check(found, here)
    assert client_bytes(found, Direction.DOWNLOAD) <= down.message_bytes
    summary = found["upload"]["LastServerMeasurement"]["TCPInfo"]
    assert up.bits_per_second == pytest.approx(
        8e6 * summary["BytesReceived"] / summary["ElapsedTime"], rel=0.01
    )


async def test_npm_client_completes_both_directions_over_tls(client: Path, tmp_path: Path) -> None:
    folder = TlsFolder(tmp_path)
    folder.make(checked(["localhost"]), NOW)
    live = LiveCertificate(folder.server, folder.server, now=lambda: NOW)
    async with listening(timing=TIMING, context=live.context) as here:
        found = await run(
            client, "wss", f"localhost:{here.port}", NODE_EXTRA_CA_CERTS=str(folder.authority)
        )
        assert all(result.secure for result in await check(found, here))
