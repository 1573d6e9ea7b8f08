"""Which antivirus products a Linux machine has: its packages, folders below /opt, and processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from probes import programs
from probes.antivirus import clamav
from probes.antivirus.products import PRODUCTS, Answer, Found, Product

COMMAND_SECONDS = 20.0


async def look(root: Path) -> Answer:
    """`root`: the machine's file system, for tests to stand another in its place."""
    packages = await _packages(root)
    running = await asyncio.to_thread(_processes, root)
    found = [
        Found(
            product.key,
            None if running is None else bool(product.programs & running),
            clamav.signatures_at(root) if product.key == "clamav" else None,
        )
        for product in PRODUCTS
        if _is_there(product, root, packages or set(), running or set())
    ]
    hidden = "packages" if packages is None else "processes" if running is None else ""
    return Answer(tuple(found), hidden)


def _is_there(product: Product, root: Path, packages: set[str], running: set[str]) -> bool:
    return (
        any(product.packages.fullmatch(name) for name in packages)
        or any((root / folder).is_dir() for folder in product.folders)
        or bool(product.programs & running)
    )


async def _packages(root: Path) -> set[str] | None:
    """Names of installed packages; None when no package manager could be asked."""
    try:
        status = (root / "var/lib/dpkg/status").read_text("utf-8", errors="replace")
    except OSError:
        return await _rpm_packages()
    return set(installed(status))


async def _rpm_packages() -> set[str] | None:
    rpm = programs.find("rpm")
    if rpm is None:
        return None
    listing = await programs.run([rpm, "-qa", "--qf", r"%{NAME}\n"], COMMAND_SECONDS)
    return set(listing.output.split()) if listing.code == 0 else None


def installed(status: str) -> Iterator[str]:
    """Packages in dpkg's status file that are there, not those of which only settings remain."""
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Status", "").endswith(" installed"):
            yield fields.get("Package", "")


def _processes(root: Path) -> set[str] | None:
    """Names of all processes; None when those of other users are hidden (hidepid, or no /proc)."""
    proc = root / "proc"
    if not (proc / "1/comm").exists():
        return None
    return {name for path in proc.glob("[0-9]*/comm") if (name := _line(path))}


def _line(path: Path) -> str:
    """Empty for a process that has ended meanwhile."""
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""
