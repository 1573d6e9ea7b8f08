"""apt: Debian, Ubuntu, and the desktops of Kylin and UOS. An ordinary user may read all of it."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

from probes import programs
from probes.model import ProbeError
from probes.support.linux import identify
from probes.updates.facts import COMMAND_SECONDS, History, Pending, logs, newest, read_log

_STAMP = "%Y-%m-%d %H:%M:%S"
_UPGRADE = re.compile(r"Inst (\S+) \[[^]]*\] \((.*)\)")
"""A package that is there already; a new one that an upgrade pulls in has no [version]."""
_SECURITY = re.compile(r"-security\b|Debian-Security:")
_PERIODIC = re.compile(r'^APT::Periodic::([\w-]+) "([^"]*)";', re.MULTILINE)
UNATTENDED = "usr/bin/unattended-upgrade"
_REBOOT_HOOKS = (
    "usr/share/update-notifier/notify-reboot-required",
    "etc/kernel/postinst.d/unattended-upgrades",
    "etc/kernel/postinst.d/update-notifier",
)
"""Without one of them nobody writes /run/reboot-required, and its absence means nothing."""

# A simulation: no lock, no cache file written. `dist-upgrade`, because `upgrade` holds back a
# kernel whose package has a new name, which is how every security fix of a kernel comes.
SIMULATION = (
    "--simulate", "-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=",
    "-o", "Dir::Cache::srcpkgcache=", "-o", "APT::Get::Show-User-Simulation-Note=0",
    "dist-upgrade",
)  # fmt: skip


class Apt:
    """`root`: the machine's file system, for tests to stand another in its place."""

    name = "apt"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lists = root / "var/lib/apt/lists"

    async def history(self) -> History:
        return await asyncio.to_thread(self._history)

    def _history(self) -> History:
        return History(self._upgraded_at(), self._lists_at(), self._reboot_required())

    async def pending(self) -> Pending:
        program = programs.find("apt-get")
        if program is None:
            raise ProbeError("no_source", "apt-get")
        done = await programs.run(programs.gently([program, *SIMULATION]), COMMAND_SECONDS)
        if done.code != 0:
            raise ProbeError("unreadable", f"apt-get: {done.errors.strip()[:120]}")
        updates = parse_simulation(done.output)
        knows = any("security" in path.name for path in self._lists.glob("*_*Release"))
        security = sum(_SECURITY.search(origin) is not None for origin in updates.values())
        return Pending(len(updates), security if knows or security else None)

    async def automatic_off(self) -> bool:
        """Without unattended-upgrades nobody acts on the setting; Kylin and UOS have their own."""
        program = programs.find("apt-config")
        if program is None:
            raise ProbeError("no_source", "apt-config")
        done = await programs.run([program, "dump", "APT::Periodic"], COMMAND_SECONDS / 8)
        if done.code != 0:
            raise ProbeError("unreadable", f"apt-config: {done.errors.strip()[:120]}")
        if (self._root / UNATTENDED).exists() and parse_periodic(done.output):
            return False
        release = identify(self._root)
        if release is None or release.system not in ("debian", "ubuntu"):
            raise ProbeError("unsupported_system")
        return True

    def _upgraded_at(self) -> float | None:
        """From apt's own diary; else from dpkg's, which other front ends write too."""
        for log, parse in (("apt/history.log", parse_history), ("dpkg.log", parse_dpkg)):
            for path in logs(self._root / "var/log" / log):
                if (at := parse(read_log(path))) is not None:
                    return at
        return None

    def _lists_at(self) -> float | None:
        """A fetch that failed, or found nothing new, moves none of these."""
        stamp = self._root / "var/lib/apt/periodic/update-success-stamp"
        lists = [*self._lists.glob("*_*Release")]
        return newest([stamp, *lists, *([self._lists] if lists else [])])

    def _reboot_required(self) -> bool | None:
        if (self._root / "run/reboot-required").exists():
            return True
        watched = any((self._root / hook).exists() for hook in _REBOOT_HOOKS)
        return False if watched else None


def parse_simulation(text: str) -> dict[str, str]:
    """Package -> where its newer version comes from, for each `Inst` line of a simulation."""
    found = (_UPGRADE.match(line) for line in text.splitlines())
    return {match[1]: match[2] for match in found if match}


def parse_periodic(text: str) -> bool:
    """Whether `apt-config dump APT::Periodic` says that upgrades are installed by themselves.

    apt does nothing unless it is told to; the days between two runs may be written as 1, 7d, 12h.
    """
    settings = dict(_PERIODIC.findall(text))
    switched_on = settings.get("Enable", "1") != "0"
    every = settings.get("Unattended-Upgrade", "0")
    return switched_on and (every == "always" or re.match(r"0*[1-9]", every) is not None)


def parse_history(text: str) -> float | None:
    """The end of the newest run in /var/log/apt/history.log that upgraded something with success.

    The log is in local time.
    """
    last: float | None = None
    for run in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in run.strip().splitlines() if ": " in line)
        if "Upgrade" in fields and "Error" not in fields:
            at = local_time(" ".join(fields.get("End-Date", "").split()))
            last = at if at is not None else last
    return last


def parse_dpkg(text: str) -> float | None:
    """When the newest upgrade in dpkg.log was complete, in local time."""
    begun: set[str] = set()
    last: float | None = None
    for line in text.splitlines():
        words = line.split()
        if words[2:3] == ["upgrade"] and len(words) > 3:
            begun.add(words[3])
        elif words[2:4] == ["status", "installed"] and len(words) > 4 and words[4] in begun:
            last = local_time(" ".join(words[:2])) or last
    return last


def local_time(text: str) -> float | None:
    try:
        return time.mktime(time.strptime(text, _STAMP))
    except (ValueError, OverflowError):
        return None
