"""Which antivirus products a Windows machine has, and whether they protect it.

Windows' security centre decides where there is one: it knows which product is on. It keeps entries
of products that are gone, so an entry counts only with its program on the disk. On Windows Server,
which has none, Defender speaks for itself, and of other products it is known only that they run.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from probes.antivirus import defender
from probes.antivirus.defender import Defender
from probes.antivirus.products import DEFENDER, Answer, Found, Product, load
from probes.windows import security_center, software
from probes.windows.security_center import Kind, Registered
from probes.windows.software import Processes, expanded, is_there, spellings
from probes.windows.system import read_values

VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_LABEL_LETTERS = 24
_OWN_FOLDER = re.compile(r"[a-z]:\\program(?:data| files(?: \(x86\))?)\\.+")
"""A folder of a program's own: what runs from it belongs to it. System32 is nobody's own."""


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
    product = next((p for p in load() if _is_called(p, row)), None)
    programs = [path for path in map(expanded, row.programs) if path]
    there = [seen.is_there(path) for path in programs]
    running = _runs(product, programs, seen.processes)
    gone = bool(there) and not any(answer is not False for answer in there)
    if gone and running is None:
        running = False if seen.processes.whole else None
    return Found(
        key=product.key if product else label(row),
        running=running,
        installed=not gone or running is True,
        enabled=None if gone and not running else row.enabled,
        signatures_current=None if gone and not running else row.signatures_current,
        source=row.source,
    )


def _is_called(product: Product, row: Registered) -> bool:
    return any(product.is_called(name) for name in spellings(row.name))


def label(row: Registered) -> str:
    """A word for a product that the data file does not know: from its name, else from its GUID.

    A name that holds no Western letters leaves nothing, and two such products must stay two.
    """
    words = re.findall(r"[a-z][a-z0-9]+", row.name.lower())
    name = "-".join(words)[:_LABEL_LETTERS].rstrip("-")
    digits = re.sub(r"[^0-9a-f]", "", row.guid.lower())[:8]
    return name or f"other-{digits or 'unnamed'}"


def _runs(product: Product | None, paths: Iterable[str], processes: Processes) -> bool | None:
    """None for a product whose processes nobody knows, unless one of its own is seen."""
    lower = [path.lower() for path in paths]
    names = {ntpath.basename(path) for path in lower} | (product.processes if product else set())
    if names & processes.names:
        return True
    folders = {ntpath.dirname(path) + "\\" for path in lower}
    own = [folder for folder in folders if _OWN_FOLDER.fullmatch(folder)]
    if any(path.startswith(folder) for path in processes.paths for folder in own):
        return True
    known = product is not None and bool(product.processes)
    return False if known and processes.whole else None


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
        running = _runs(next(p for p in load() if p.key == DEFENDER), (), seen.processes)
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
