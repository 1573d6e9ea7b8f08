"""What running processes have cost so far, from /proc."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
MEBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Footprint:
    """Memory of a program with its children, in MiB.

    Attributes:
        resident: pages in memory; a page that two processes share counts in both.
        proportional: a shared page counts by its share.
        alone: as proportional, but pages of the interpreter and its modules count in full, as on a
            machine where nothing else is written in Python.
    """

    resident: float
    proportional: float
    alone: float
    processes: int
    threads: int


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of `pid`."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def tree_cpu_seconds(pid: int) -> float:
    """As cpu_seconds, with its children and with those that have ended."""
    return sum(sum(int(n) for n in _stat(p)[11:15]) / _TICKS for p in family(pid))


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / MEBIBYTE
    raise ValueError(f"no VmRSS for {pid}")


def footprint(pid: int) -> Footprint:
    found = family(pid)
    rolled = [_rollup(p) for p in found]
    return Footprint(
        resident=sum(r["Rss"] for r in rolled),
        proportional=sum(r["Pss"] for r in rolled),
        alone=sum(_alone(p) for p in found),
        processes=len(found),
        threads=sum(len(list(Path(f"/proc/{p}/task").iterdir())) for p in found),
    )


def family(pid: int) -> list[int]:
    """`pid` and its living descendants."""
    parents = dict(_parents())
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), int(_stat(int(folder.name))[1])
            except OSError:  # it has just ended
                continue


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def _rollup(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) / MEBIBYTE for line in lines}


def _alone(pid: int) -> float:
    """MiB; the resident pages of Python's own files, and the proportional ones of all others."""
    total, counted = 0, "Pss:"
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        key, *rest = line.split()
        if not key.endswith(":"):
            path = rest[-1] if len(rest) == 5 else ""
            counted = "Rss:" if path.startswith(_PYTHON) else "Pss:"
        elif key == counted:
            total += int(rest[0])
    return total / MEBIBYTE


_PYTHON = (sys.base_prefix + "/", sys.prefix + "/", os.path.realpath(sys.executable))
"""With Debian's Python the prefix is /usr, and shared libraries count in full as well: no less than
the truth."""
