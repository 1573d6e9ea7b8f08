"""Which release of which Linux this is, from os-release(5)."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from probes.support.table import Release

FILES = (Path("etc/os-release"), Path("usr/lib/os-release"))


def identify(root: Path) -> Release | None:
    """None when no file tells. `root`: the machine's file system."""
    for file in FILES:
        try:
            return parse((root / file).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return None


def parse(text: str) -> Release | None:
    """None without an ID. A rolling release has no number: `-`."""
    fields = dict(_fields(text))
    system = fields.get("ID", "").lower()
    if not system:
        return None
    return Release(_label(system), _label(_release(system, fields)) or "-")


def _release(system: str, fields: dict[str, str]) -> str:
    """openEuler tells its service pack in VERSION only: `24.03 (LTS-SP3)`."""
    name = "VERSION" if system == "openeuler" else "VERSION_ID"
    return fields.get(name, "")


def _fields(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            try:
                words = shlex.split(value)
            except ValueError:  # a quote that does not end
                continue
            found.append((name.strip(), words[0] if words else ""))
    return found


def _label(text: str) -> str:
    """Lower case, words joined by hyphens: `24.03 (LTS-SP3)` is `24.03-lts-sp3`."""
    return "-".join(re.findall(r"[a-z0-9._]+", text.lower()))[:32]
