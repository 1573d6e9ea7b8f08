"""Running processes and services of a Windows machine, by names that no language changes."""

from __future__ import annotations

from typing import Any

from probes.windows.system import read_values

SERVICES = r"SYSTEM\CurrentControlSet\Services"
DISABLED = 4
"""Of a service's `Start`."""


def processes() -> frozenset[str]:
    """Names in lower case, such as todesk.exe."""
    import psutil

    names = (process.info["name"] for process in psutil.process_iter(["name"]))
    return frozenset(name.lower() for name in names if name)


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
