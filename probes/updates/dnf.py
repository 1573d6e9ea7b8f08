"""dnf: openEuler, and the servers of Kylin and UOS. The package lists are those root fetched."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from pathlib import Path

from probes import programs
from probes.model import ProbeError
from probes.updates.facts import COMMAND_SECONDS, History, Pending, logs, newest, read_log

_NOTHING_NEW, _SOMETHING_NEW = 0, 100
_UPGRADED = re.compile(r"^(\S+) (?:SUBDEBUG|INFO) Upgraded: ", re.MULTILINE)
_UPDATE = re.compile(r"^(\S+)\.[a-z]\w+\s+\S+\s+\S+$")
_ADVISORY = re.compile(r"^\S+\s+\S+/Sec\.\s+(\S+)$")
_NO_REBOOT, _REBOOT = 0, 1


class Dnf:
    """`root`: the machine's file system, for tests to stand another in its place."""

    name = "dnf"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._cache = root / "var/cache/dnf"

    async def history(self) -> History:
        fetched = newest([*self._cache.glob("*/repodata/repomd.xml")])
        upgraded = await asyncio.to_thread(self._upgraded_at)
        return History(upgraded, fetched, await _reboot_required())

    async def pending(self) -> Pending:
        asked = await _ask("check-update")
        updates = parse_updates(asked.output)
        if not updates and asked.code == _SOMETHING_NEW:
            raise ProbeError("unreadable", "dnf check-update")
        return Pending(len(updates), await self._security())

    async def automatic_off(self) -> bool:
        raise ProbeError("unsupported_system", "dnf-automatic")

    async def _security(self) -> int | None:
        """None when no source publishes advisories, or their list is not understood."""
        if not any(self._cache.glob("*/repodata/*updateinfo*")):
            return None
        listing = (await _ask("updateinfo", "list", "--security")).output
        advisories = parse_advisories(listing)
        return len(advisories) if advisories or not listing.strip() else None

    def _upgraded_at(self) -> float | None:
        for path in logs(self._root / "var/log/dnf.rpm.log"):
            if (at := parse_log(read_log(path))) is not None:
                return at
        return None


async def _ask(*question: str) -> programs.Finished:
    """From the lists that are there, without the network."""
    program = programs.find("dnf")
    if program is None:
        raise ProbeError("no_source", "dnf")
    command = programs.gently([program, "--quiet", "--cacheonly", *question])
    done = await programs.run(command, COMMAND_SECONDS / 2)
    if done.code not in (_NOTHING_NEW, _SOMETHING_NEW):
        raise ProbeError("unreadable", f"dnf: {done.errors.strip()[:120]}")
    return done


async def _reboot_required() -> bool | None:
    """needs-restarting comes with dnf-utils, which need not be there."""
    program = programs.find("needs-restarting")
    if program is None:
        return None
    code = (await programs.run([program, "-r"], COMMAND_SECONDS / 4)).code
    return {_NO_REBOOT: False, _REBOOT: True}.get(code)


def parse_updates(text: str) -> set[str]:
    """Packages that `dnf check-update` names, without those that others obsolete."""
    offered = text.partition("Obsoleting Packages")[0]
    return {match[1] for line in offered.splitlines() if (match := _UPDATE.match(line.strip()))}


def parse_advisories(text: str) -> set[str]:
    """Packages with a pending security advisory, each once however many advisories it has."""
    rows = (match for line in text.splitlines() if (match := _ADVISORY.match(line.strip())))
    return {_name(row[1]) for row in rows}


def _name(package: str) -> str:
    """Of name-version-release.arch."""
    return package.rpartition("-")[0].rpartition("-")[0] or package


def parse_log(text: str) -> float | None:
    """The newest upgrade in dnf.rpm.log; its times bear their zone."""
    found = _UPGRADED.findall(text)
    try:
        return datetime.fromisoformat(found[-1]).timestamp() if found else None
    except ValueError:
        return None
