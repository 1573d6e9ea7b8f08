"""DATA/lan while a collector runs: schools' networks and credentials, read again on a change.

The folder is the county's own and stays out of the program's folders, so that an update never
overwrites it. A mistake in one file stops nobody: what was known before goes on, for that school as
for the others, and the mistake is said.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from collector.lan.credential import (
    FILE,
    Credential,
    Credentials,
    Password,
    kind_of,
    load_credentials,
)
from collector.lan.site import Gear, Site, Sites
from collector.lan.site_file import read_site
from config.strict import PolicyError
from probes.text import BanjunError, Text

log = logging.getLogger(__name__)

FOLDER = "lan"
_Stamps = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Lan:
    """A site, and the credentials that its gear names; equal where both are."""

    site: Site
    keys: tuple[Credential, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """What the folder says.

    Attributes:
        lans: by school code.
        credentials: by id.
        faults: file -> what is wrong with it; what it said before still holds then.
    """

    lans: Mapping[str, Lan] = field(default_factory=dict)
    credentials: Credentials = field(default_factory=dict)
    faults: Mapping[str, Text] = field(default_factory=dict)

    @property
    def sites(self) -> Sites:
        return {school: lan.site for school, lan in self.lans.items()}


NOTHING = Described()
Check = Callable[[Lan], None]


def _anything(lan: Lan) -> None:
    """Accepts it."""


def read_lan(folder: Path, before: Described = NOTHING, check: Check = _anything) -> Described:
    """Nothing without a folder. Of a file with a mistake, what it said `before`.

    `check`: raises BanjunError for what agents would refuse.
    """
    try:
        names = sorted(filter(_is_ours, os.listdir(folder)))
    except FileNotFoundError:
        return NOTHING
    except OSError as exc:
        fault = Text(f"读不到 {folder}：{exc.strerror}。", f"Cannot read {folder}: {exc.strerror}.")
        return Described(before.lans, before.credentials, {folder.name: fault})
    return _read([folder / name for name in names if name != FILE], folder, before, check)


def _read(paths: Sequence[Path], folder: Path, before: Described, check: Check) -> Described:
    faults: dict[str, Text] = {}
    credentials = before.credentials
    try:
        credentials = load_credentials(folder)
    except BanjunError as exc:
        faults[FILE] = exc.text
    lans = {}
    for path in paths:
        try:
            lan = _lan(path, credentials, complete=FILE not in faults)
            _check(check, lan, path)
            lans[path.stem] = lan
        except BanjunError as exc:
            faults[path.name] = exc.text
            if path.stem in before.lans:
                lans[path.stem] = before.lans[path.stem]
    return Described(lans, credentials, faults)


def _lan(path: Path, credentials: Credentials, *, complete: bool) -> Lan:
    """Where the credentials could not be read, gear without one is not the site's mistake."""
    site = read_site(path)
    where = f"{path.parent.name}/{path.name}"
    listed: Mapping[str, Sequence[Gear]] = {"device": site.devices, "projector": site.projectors}
    for key, gear in listed.items():
        for number, each in enumerate(gear, 1):
            _check_credential(
                f"{where}: {key}[{number}].credential", key, each, credentials, complete
            )
    named = sorted(site.credentials())
    return Lan(site, tuple(credentials[id] for id in named if id in credentials))


def _check(check: Check, lan: Lan, path: Path) -> None:
    try:
        check(lan)
    except BanjunError as exc:
        where = f"{path.parent.name}/{path.name}"
        raise PolicyError(Text(f"{where}：{exc.text.zh}", f"{where}: {exc.text.en}")) from exc


def _check_credential(
    where: str, key: str, gear: Gear, credentials: Credentials, complete: bool
) -> None:
    id = gear.credential
    if id in credentials:
        if isinstance(credentials[id], Password) != (key == "projector"):
            kind = kind_of(credentials[id])
            raise PolicyError(
                Text(
                    f"{where}：凭据“{id}”（{kind.zh}）对“{gear.name}”没有用；请换一个。",
                    f"{where}: {id!r} ({kind.en}) is of no use to {gear.name!r}; name another.",
                )
            )
    elif id and complete:
        known = ", ".join(credentials) or "-"
        raise PolicyError(
            Text(
                f"{where}：没有凭据“{id}”；{FILE} 里有：{known}。请改正，或补进去。",
                f"{where}: there is no credential {id!r}; {FILE} has: {known}. "
                "Correct it, or add it there.",
            )
        )


def _is_ours(name: str) -> bool:
    """Not what editors leave beside a file while they are open."""
    return name.endswith(".toml") and not name.startswith(".")


class LanFolder:
    """The folder as it stands in a data directory; `refresh` blocks."""

    def __init__(self, data_dir: Path, check: Check = _anything) -> None:
        self._path = data_dir / FOLDER
        self._check = check
        self._seen: _Stamps | None = None
        self.now = NOTHING
        self.refresh()

    def refresh(self) -> bool:
        """Read it again if it changed; whether it did. Cheap if not."""
        found = self._stamps()
        if found == self._seen:
            return False
        self._seen = found
        before = self.now
        self.now = read_lan(self._path, before, self._check)
        for name, text in self.now.faults.items():
            if before.faults.get(name) != text:
                log.error("%s", text.en)
        return True

    def _stamps(self) -> _Stamps:
        """With the mode, so that a chmod is seen. Asked each second, of hundreds of files."""
        stamps = {}
        with suppress(OSError), os.scandir(self._path) as entries:
            for entry in entries:
                if _is_ours(entry.name):
                    status = entry.stat()
                    stamps[entry.name] = status.st_mtime_ns, status.st_size, status.st_mode
        return stamps
