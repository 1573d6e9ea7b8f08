"""What a package manager can say of a machine's updates, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

COMMAND_SECONDS = 40.0
"""A small gateway takes long to work out what an upgrade would do."""


@dataclass(frozen=True, slots=True)
class History:
    """None for what the machine keeps no record of.

    Attributes:
        upgraded_at: when a package was last upgraded with success, Unix seconds.
        lists_at: when the lists of what there is were last fetched, Unix seconds.
        reboot_required: whether an upgrade waits for a restart.
    """

    upgraded_at: float | None
    lists_at: float | None
    reboot_required: bool | None


@dataclass(frozen=True, slots=True)
class Pending:
    """Packages for which the lists hold something newer; `security` None when lists do not tell."""

    all: int
    security: int | None


class PackageManager(Protocol):
    """One way to ask. `name` is a label."""

    name: str

    async def history(self) -> History: ...

    async def pending(self) -> Pending:
        """From the lists as they are. Raises ProbeError when it cannot be worked out."""
        ...

    async def automatic_off(self) -> bool:
        """Whether updates come only by hand. Raises ProbeError when that cannot be told."""
        ...


def newest(paths: list[Path]) -> float | None:
    """When the newest of those that exist was changed; None when there is none."""
    times = []
    for path in paths:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=None)


def logs(path: Path) -> list[Path]:
    """A log and what logrotate made of it, newest first: x, x.1, x.2.gz ..."""
    rotated = {p: p.name.removeprefix(f"{path.name}.").split(".")[0] for p in path.parent.glob(
        f"{path.name}.*")}  # fmt: skip
    numbered = sorted((int(n), p) for p, n in rotated.items() if n.isdigit())
    return [path, *(p for _, p in numbered)]


def read_log(path: Path) -> str:
    """Empty when it cannot be read or is broken."""
    import gzip
    import zlib

    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return ""
    return data.decode(errors="replace")
