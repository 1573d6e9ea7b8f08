"""Which antivirus products a Linux machine has: its packages, folders below /opt, and processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from probes import programs
from probes.antivirus import clamav
from probes.antivirus.products import Answer, Found, Product, load

COMMAND_SECONDS = 20.0
STATUS_FILES = ("var/lib/dpkg/status", "usr/lib/opkg/status")
APK_INSTALLED = "lib/apk/db/installed"
FILE, COMMAND, PROC = "file", "command", "proc"


async def look(root: Path) -> Answer:
    """`root`: the machine's file system, for tests to stand another in its place."""
    packages, source = await _packages(root)
    running = await asyncio.to_thread(_processes, root)
    found = [
        Found(
            product.key,
            None if running is None else bool(product.programs & running),
            clamav.signatures_at(root) if product.key == "clamav" else None,
            source=place,
        )
        for product in load()
        if (place := _place(product, root, packages or set(), running or set(), source))
    ]
    hidden = "no_source" if packages is None else "no_privilege" if running is None else ""
    return Answer(tuple(found), hidden, source)


def _place(
    product: Product, root: Path, packages: set[str], running: set[str], source: str
) -> str | None:
    """Where the product shows; None where it is not."""
    if any(product.packages.fullmatch(name) for name in packages):
        return source
    if any((root / folder).is_dir() for folder in product.folders):
        return FILE
    return PROC if product.programs & running else None


async def _packages(root: Path) -> tuple[set[str] | None, str]:
    """Names of installed packages, and where they stand; None when no package manager answers."""
    for file in STATUS_FILES:
        if text := _text(root / file):
            return set(installed(text)), FILE
    if text := _text(root / APK_INSTALLED):
        return set(installed_by_apk(text)), FILE
    return await _rpm_packages(), COMMAND


async def _rpm_packages() -> set[str] | None:
    rpm = programs.find("rpm")
    if rpm is None:
        return None
    listing = await programs.run([rpm, "-qa", "--qf", r"%{NAME}\n"], COMMAND_SECONDS)
    return set(listing.output.split()) if listing.code == 0 else None


def installed(status: str) -> Iterator[str]:
    """Packages in dpkg's or opkg's status that are there, not those of which settings remain."""
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Status", "").endswith(" installed"):
            yield fields.get("Package", "")


def installed_by_apk(database: str) -> Iterator[str]:
    """Packages in apk's database of what is installed."""
    return (line[2:].strip() for line in database.splitlines() if line.startswith("P:"))


def _processes(root: Path) -> set[str] | None:
    """Names of all processes; None when those of other users are hidden (hidepid, or no /proc)."""
    proc = root / "proc"
    if not (proc / "1/comm").exists():
        return None
    return {name for path in proc.glob("[0-9]*/comm") if (name := _text(path).strip())}


def _text(path: Path) -> str:
    """Empty when there is no such file: a process, too, may have ended meanwhile."""
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
