"""Which remote-control products a Windows machine has: uninstall keys, services, processes.

DisplayName is the maker's word and the same in every language of Windows; products that bear a
Chinese name are known by it too.
"""

from __future__ import annotations

from collections.abc import Collection

from probes.model import ProbeError
from probes.remote_control.products import Answer, Found, Product, load
from probes.windows.software import SERVICES, processes
from probes.windows.system import read_keys, read_values

UNINSTALL = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)


def look() -> Answer:
    """Raises ProbeError("unsupported_system")."""
    names, hidden = _installed_names()
    try:
        services = {name.lower() for name in read_keys(SERVICES)}
    except ProbeError as exc:
        services, hidden = set(), exc.reason
    running = processes().names
    found = []
    for product in load():
        there = _is_installed(product, names, services)
        runs = bool(product.processes & running)
        if there or runs:
            found.append(Found(product.key, there or (None if hidden else False), runs))
    return Answer("registry", tuple(found), hidden, "" if running else "no_privilege")


def _is_installed(product: Product, names: Collection[str], services: Collection[str]) -> bool:
    wanted = {name.lower() for name in product.services}
    return bool(wanted & set(services)) or any(product.display.fullmatch(name) for name in names)


def _installed_names() -> tuple[list[str], str]:
    """DisplayName of all programs, and why some may be missing. No key at all is no source."""
    names, hidden, seen = [], "", False
    for root in UNINSTALL:
        try:
            keys = read_keys(root)
        except ProbeError as exc:
            hidden = exc.reason
            continue
        for key in keys:
            seen = True
            try:
                name = read_values(rf"{root}\{key}").get("DisplayName")
            except ProbeError as exc:
                hidden = exc.reason
                continue
            names += [name.strip()] if isinstance(name, str) else []
    return names, hidden or ("" if seen else "no_source")
