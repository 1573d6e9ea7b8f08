"""opkg and apk: OpenWrt. An update of the whole firmware leaves no record but the new firmware.

So the age is that of the base system's own package: opkg keeps when it was installed, apk when it
was built, and for what came with the firmware both are the day on which that was made. A package
that somebody adds does not make it younger.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from probes import programs
from probes.model import ProbeError
from probes.posture import NOT_HERE
from probes.updates.facts import COMMAND_SECONDS, History, Pending, newest

BASE = "base-files"
OPKG_STATUS, APK_INSTALLED = "usr/lib/opkg/status", "lib/apk/db/installed"
_OPKG_UPGRADE = re.compile(r"^(\S+) - \S+ - \S+$", re.MULTILINE)
_APK_UPGRADE = re.compile(r"^(\S+)-\d\S* .*\[upgradable from: ", re.MULTILINE)


class Opkg:
    """`root`: the machine's file system, for tests to stand another in its place."""

    name = "opkg"

    def __init__(self, root: Path) -> None:
        self._root = root

    async def history(self) -> History:
        status = await asyncio.to_thread(_text, self._root / OPKG_STATUS)
        # The lists stand in memory, and are gone after a restart.
        lists = newest([*(self._root / "var/opkg-lists").glob("*")])
        return History(parse_status(status), lists, None)

    async def pending(self) -> Pending:
        listing = await _ask("opkg", "list-upgradable")
        return Pending(len(set(_OPKG_UPGRADE.findall(listing))), None)

    async def automatic_off(self) -> bool:
        raise ProbeError(NOT_HERE, "OpenWrt")


class Apk:
    """As `Opkg`, from OpenWrt 25.12 on."""

    name = "apk"

    def __init__(self, root: Path) -> None:
        self._root = root

    async def history(self) -> History:
        database = await asyncio.to_thread(_text, self._root / APK_INSTALLED)
        lists = newest([*(self._root / "var/cache/apk").glob("APKINDEX.*")])
        return History(parse_database(database), lists, None)

    async def pending(self) -> Pending:
        listing = await _ask("apk", "list", "-u", "--no-network")
        return Pending(len(set(_APK_UPGRADE.findall(listing))), None)

    async def automatic_off(self) -> bool:
        raise ProbeError(NOT_HERE, "OpenWrt")


async def _ask(name: str, *question: str) -> str:
    program = programs.find(name)
    if program is None:
        raise ProbeError("no_source", name)
    done = await programs.run(programs.gently([program, *question]), COMMAND_SECONDS)
    if done.code != 0:
        raise ProbeError("unreadable", f"{name}: {done.errors.strip()[:120]}")
    return done.output


def parse_status(text: str) -> float | None:
    """When the base system in opkg's status file was installed."""
    return _of_base(text, "Package: ", "Installed-Time: ")


def parse_database(text: str) -> float | None:
    """When the base system in apk's database was built."""
    return _of_base(text, "P:", "t:")


def _of_base(text: str, name: str, time: str) -> float | None:
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        if f"{name}{BASE}" in lines:
            digits = next((line[len(time) :] for line in lines if line.startswith(time)), "")
            return float(digits) if re.fullmatch(r"[1-9]\d{0,10}", digits, re.ASCII) else None
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
