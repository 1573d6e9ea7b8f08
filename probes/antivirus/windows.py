"""Which antivirus products a Windows machine has, and whether they protect it.

Windows' security centre decides where there is one: it knows which product is on. It keeps entries
of products that are gone, so an entry counts only with its program on the disk. On Windows Server,
which has none, Defender speaks for itself, and of other products it is known only that they run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from probes.antivirus import defender
from probes.antivirus.defender import Defender
from probes.antivirus.products import DEFENDER, Answer, Found, Product, called, load, spellings
from probes.windows import security_center, software
from probes.windows.security_center import Kind, Registered
from probes.windows.software import Processes, expanded, gone, is_there, runs
from probes.windows.system import read_values

VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a Windows machine shows. `registered` None: its security centre cannot be asked."""

    registered: tuple[Registered, ...] | None
    defender: Defender | None
    processes: Processes
    services: frozenset[str] = frozenset()
    programs: tuple[tuple[str, str], ...] = ()
    server: bool = False
    is_there: Callable[[str], bool | None] = is_there


def look(now: float) -> Answer:
    """Raises ProbeError("unsupported_system") elsewhere than on Windows."""
    server = read_values(VERSION).get("InstallationType", "Client") != "Client"
    rows = None if server else security_center.registered(Kind.ANTIVIRUS)
    return answer(
        Seen(
            registered=None if rows is None else tuple(rows),
            defender=defender.look(now),
            processes=software.processes(),
            services=software.services(),
            programs=tuple(software.installed()),
            server=server,
            is_there=software.is_there,
        )
    )


def answer(seen: Seen) -> Answer:
    """Each product once; of several entries of one product, the one that tells most."""
    found: dict[str, Found] = {}
    for row in seen.registered or ():
        entry = _entry(row, seen)
        found[entry.key] = _better(found.get(entry.key), entry)
    for product in load():
        if product.key not in found and (there := _unregistered(product, seen)):
            found[product.key] = there
    if seen.defender is not None:
        _add_defender(found, seen.defender, seen)
    blind = seen.registered is None and not seen.server
    hidden = "no_source" if blind else "" if seen.processes.whole else "no_privilege"
    source = next((row.source for row in seen.registered or ()), "registry")
    return Answer(tuple(found.values()), hidden, source)


def _entry(row: Registered, seen: Seen) -> Found:
    product = called(row.name)
    programs = [path for path in map(expanded, row.programs) if path]
    running = runs(programs, seen.processes, product.processes if product else frozenset())
    lost = gone(programs, seen.is_there) and running is not True
    return Found(
        key=product.key if product else row.word,
        running=False if lost and seen.processes.whole else running,
        installed=not lost,
        enabled=None if lost else row.enabled,
        signatures_current=None if lost else row.signatures_current,
        source=row.source,
    )


def _unregistered(product: Product, seen: Seen) -> Found | None:
    """A product that the security centre does not name: installed or running, but on or off?

    Defender's service is on every Windows, so it is installed where it says so itself.
    """
    running = bool(product.processes & seen.processes.names)
    listed = bool(product.services & seen.services) or any(
        product.is_installed_as(spelt, publisher)
        for name, publisher in seen.programs
        for spelt in spellings(name)
    )
    if not running and (product.key == DEFENDER or not listed):
        return None
    known = True if running else False if seen.processes.whole else None
    return Found(product.key, known, source="proc" if running else "registry")


def _add_defender(found: dict[str, Found], says: Defender, seen: Seen) -> None:
    """What Defender says of itself, beside what the security centre says of it."""
    there = found.get(DEFENDER)
    if there is None:
        if says.enabled is None and says.real_time is None:
            return
        known = next(product.processes for product in load() if product.key == DEFENDER)
        running = runs((), seen.processes, known)
        there = Found(DEFENDER, running, source=says.source)
    found[DEFENDER] = replace(
        there,
        enabled=_agreed(there.enabled, says.enabled),
        real_time=says.real_time if there.enabled is not False else None,
        signatures_current=_agreed(there.signatures_current, says.signatures_current),
        signatures_at=says.signatures_at,
    )


def _agreed(*answers: bool | None) -> bool | None:
    """True only where nobody objects."""
    return False if False in answers else True if True in answers else None


def _better(one: Found | None, other: Found) -> Found:
    order = (False, None, True)
    if one is None or order.index(other.protects) > order.index(one.protects):
        return other
    return one
