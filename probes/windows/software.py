"""Which programs run on a Windows machine and which are installed, by name only."""

from __future__ import annotations

import ntpath
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes.model import ProbeError
from probes.windows.system import read_keys, read_values

UNINSTALL = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)
SERVICES = r"SYSTEM\CurrentControlSet\Services"
DISABLED = 4
"""Of a service's `Start`."""
_VARIABLE = re.compile(r"%([^%]+)%")
_IS_PATH = re.compile(r"[A-Za-z]:\\|\\\\")
_OWN_FOLDER = re.compile(r"[a-z]:\\program(?:data| files(?: \(x86\))?)\\.+")
"""A folder of a program's own: what runs from it belongs to it. System32 is nobody's own."""


@dataclass(frozen=True, slots=True)
class Processes:
    """What runs, in lower case.

    Attributes:
        names: such as msmpeng.exe.
        paths: of those whose path this user may see.
        whole: whether every process gave its name, so that what is not here does not run.
    """

    names: frozenset[str]
    paths: frozenset[str] = frozenset()
    whole: bool = True


def processes() -> Processes:
    import psutil

    found = [process.info for process in psutil.process_iter(["name", "exe"])]
    return Processes(
        frozenset(p["name"].lower() for p in found if p["name"]),
        frozenset(p["exe"].lower() for p in found if p["exe"]),
        bool(found) and all(p["name"] for p in found),
    )


def installed() -> list[tuple[str, str]]:
    """Name and publisher of each program that the system lists for uninstalling."""
    found = []
    for place in UNINSTALL:
        for key in _keys(place):
            values = _values(rf"{place}\{key}")
            name, publisher = values.get("DisplayName"), values.get("Publisher")
            if isinstance(name, str) and name:
                found.append((name, publisher if isinstance(publisher, str) else ""))
    return found


def services() -> frozenset[str]:
    """Names of all services, in lower case, whether they run or not."""
    return frozenset(name.lower() for name in _keys(SERVICES))


def start_of(service: str) -> int | None:
    """How a service or driver starts, 4 = never; None when there is none of that name.

    Raises ProbeError("no_privilege").
    """
    start = read_values(rf"{SERVICES}\{service}").get("Start")
    return start if isinstance(start, int) else None


def current_build() -> int | None:
    """The build number of Windows, such as 22631; None when it does not say."""
    build: Any = read_values(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion").get("CurrentBuild")
    return int(build) if isinstance(build, str) and build.isascii() and build.isdigit() else None


def service_state(name: str) -> str | None:
    """In psutil's words, such as running; None if it cannot be asked."""
    import psutil

    system: Any = psutil  # which of its functions there are depends on the system
    try:
        return str(system.win_service_get(name).status())
    except (AttributeError, OSError, psutil.Error):
        return None


def expanded(path: str) -> str:
    """A path with its variables put in; empty for what is no path, such as windowsdefender://."""
    full = _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), path.strip('" '))
    return ntpath.normpath(full) if _IS_PATH.match(full) and "%" not in full else ""


def is_there(path: str) -> bool | None:
    """Whether a file exists; None when this user may not look."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return None
    return True


def runs(
    paths: Sequence[str], running: Processes, known: frozenset[str] = frozenset()
) -> bool | None:
    """Whether a product runs whose programs are `paths` and whose processes are `known`.

    None for one whose processes nobody knows: the program that it registers may be another than
    the one that stays; only one that is seen tells.
    """
    lower = [path.lower() for path in paths]
    if ({ntpath.basename(path) for path in lower} | known) & running.names:
        return True
    folders = (ntpath.dirname(path) + "\\" for path in lower)
    own = [folder for folder in folders if _OWN_FOLDER.fullmatch(folder)]
    if any(path.startswith(folder) for path in running.paths for folder in own):
        return True
    return False if known and running.whole else None


def gone(paths: Sequence[str], look: Callable[[str], bool | None] = is_there) -> bool:
    """Whether none of these files exists; not where there is none to look for."""
    return bool(paths) and all(look(path) is False for path in paths)


def _keys(place: str) -> list[str]:
    try:
        return read_keys(place)
    except (OSError, ProbeError):
        return []


def _values(place: str) -> dict[str, Any]:
    try:
        return read_values(place)
    except (OSError, ProbeError):
        return {}
