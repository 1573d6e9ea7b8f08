"""Which antivirus products a Linux machine has: its packages, folders below /opt, and processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from probes.antivirus import clamav
from probes.antivirus.products import Answer, Found, Product, load
from probes.software import linux as software

FILE, COMMAND, PROC = "file", "command", "proc"


async def look(root: Path) -> Answer:
    """`root`: the machine's file system, for tests to stand another in its place."""
    packages = await software.packages(root)
    source = FILE if software.keeps_a_file(root) else COMMAND
    running = await asyncio.to_thread(software.processes, root)
    found = [
        Found(
            product.key,
            None if running is None else bool(product.programs & running),
            clamav.signatures_at(root) if product.key == "clamav" else None,
            source=place,
        )
        for product in load()
        if (place := _place(product, root, packages or (), running or frozenset(), source))
    ]
    hidden = "no_source" if packages is None else "no_privilege" if running is None else ""
    return Answer(tuple(found), hidden, source)


def _place(
    product: Product, root: Path, packages: Iterable[str], running: frozenset[str], source: str
) -> str | None:
    """Where the product shows; None where it is not."""
    if any(product.packages.fullmatch(name) for name in packages):
        return source
    if any((root / folder).is_dir() for folder in product.folders):
        return FILE
    return PROC if product.programs & running else None
