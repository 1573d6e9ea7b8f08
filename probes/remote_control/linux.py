"""Which remote-control products a Linux machine has: packages, files, processes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from probes.remote_control.products import Answer, Found, Product, load
from probes.software.linux import packages, processes

UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
DESKTOPS = (
    "usr/share/applications",
    "usr/local/share/applications",
    "etc/xdg/autostart",
    "var/lib/flatpak/exports/share/applications",
)
APPS_DESKTOPS = "opt/apps/*/entries/applications/*.desktop"
"""Where the stores of deepin, UOS and Kylin put them."""


async def look(root: Path) -> Answer:
    """`root`: the machine's file system, for tests to stand another in its place."""
    installed = await packages(root)
    return await asyncio.to_thread(_look, root, installed)


def _look(root: Path, installed: Collection[str] | None) -> Answer:
    running, files = processes(root), _files(root)
    found = []
    for product in load():
        there = _is_installed(product, root, installed or (), files)
        runs = None if running is None else bool(product.programs & running)
        if there or runs:
            found.append(Found(product.key, there or (None if installed is None else False), runs))
    return Answer(
        "file",
        tuple(found),
        "no_source" if installed is None else "",
        "no_privilege" if running is None else "",
    )


def _is_installed(
    product: Product, root: Path, packages: Collection[str], files: Collection[str]
) -> bool:
    return (
        any(product.packages.fullmatch(name) for name in packages)
        or any(name in files for name in product.units | product.desktops)
        or any((root / folder).is_dir() for folder in product.folders)
    )


def _files(root: Path) -> frozenset[str]:
    """Names of all systemd units and desktop entries."""
    found = {path.name for folder in (*UNITS, *DESKTOPS) for path in (root / folder).glob("*.*")}
    return frozenset(found | {path.name for path in root.glob(APPS_DESKTOPS)})
