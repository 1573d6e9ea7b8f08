"""Running a program of the system for what it prints, never for what it changes.

Programs speak the C locale, so that their words can be recognised; none is run through a shell.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from probes.model import ProbeError

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")
"""Searched after PATH: an ordinary user's PATH leaves out where nft and iptables live."""

MAX_OUTPUT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit code and what it printed, undecodable bytes replaced."""

    code: int
    output: str
    errors: str

    @property
    def refused(self) -> bool:
        """Whether it says that the caller lacks the privilege."""
        said = self.errors.lower()
        return self.code != 0 and any(
            word in said for word in ("not permitted", "permission denied", "must be root")
        )


def find(name: str) -> str | None:
    """The path of a program, or None if it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_FOLDERS))
    return shutil.which(name, path=path)


def gently(arguments: Sequence[str]) -> list[str]:
    """The same, at the lowest priority where the system can: for what takes seconds of a
    processor on which somebody is teaching."""
    nice = find("nice")
    return [*arguments] if nice is None else [nice, "-n", "19", *arguments]


async def run(arguments: Sequence[str], timeout: float) -> Finished:
    """Run to the end, without input.

    Raises ProbeError: "unreadable" if it takes longer than `timeout` seconds or prints more than
    MAX_OUTPUT_BYTES, "no_source" if it cannot be started.
    """
    environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
    except OSError as exc:
        raise ProbeError("no_source", f"{arguments[0]}: {exc.strerror}") from exc
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate()
    except TimeoutError as exc:
        raise ProbeError("unreadable", f"{arguments[0]}: > {timeout:g} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if len(output) > MAX_OUTPUT_BYTES:
        raise ProbeError("unreadable", f"{arguments[0]}: {len(output)} bytes")
    code = process.returncode if process.returncode is not None else -1
    return Finished(code, output.decode(errors="replace"), errors.decode(errors="replace"))
