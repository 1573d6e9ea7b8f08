"""Installed packages and running processes of a Linux machine, OpenWrt among them. Read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from probes import programs

COMMAND_SECONDS = 20.0
OPENWRT = Path("etc/openwrt_release")
_PARAGRAPHS = ("var/lib/dpkg/status", "usr/lib/opkg/status")
_APK = "lib/apk/db/installed"


def is_openwrt(root: Path) -> bool:
    return (root / OPENWRT).exists()


def keeps_a_file(root: Path) -> bool:
    """Whether a file tells what is installed, so that no command has to be run."""
    return any((root / place).exists() for place in (*_PARAGRAPHS, _APK))


async def packages(root: Path) -> Mapping[str, str] | None:
    """Name -> version of every installed package; None when no package manager could be asked.

    `root`: the machine's file system, for tests to stand another in its place.
    """
    for place in _PARAGRAPHS:
        if (text := text_of(root / place)) is not None:
            return dict(from_status(text))
    if (text := text_of(root / _APK)) is not None:
        return dict(from_apk(text))
    rpm = programs.find("rpm")
    if rpm is None:
        return None
    listing = await programs.run([rpm, "-qa", "--qf", r"%{NAME} %{VERSION}\n"], COMMAND_SECONDS)
    return dict(from_rpm(listing.output)) if listing.code == 0 else None


def from_status(text: str) -> Iterator[tuple[str, str]]:
    """Of dpkg's or opkg's status file, without packages of which only settings remain."""
    for paragraph in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if fields.get("Status", "").endswith(" installed") and fields.get("Package"):
            yield fields["Package"], fields.get("Version", "")


def from_apk(text: str) -> Iterator[tuple[str, str]]:
    """Of apk's database: `P:` is a package's name, `V:` its version."""
    for paragraph in text.split("\n\n"):
        fields = dict(line.split(":", 1) for line in paragraph.splitlines() if line[1:2] == ":")
        if fields.get("P"):
            yield fields["P"], fields.get("V", "")


def from_rpm(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, version = line.partition(" ")
        if name:
            yield name, version


def processes(root: Path) -> frozenset[str] | None:
    """Names of all processes, at most 15 letters each; None when those of others are hidden."""
    proc = root / "proc"
    if not (proc / "1/comm").exists():
        return None
    names = (text_of(path) for path in proc.glob("[0-9]*/comm"))
    return frozenset(name.strip() for name in names if name)


def text_of(path: Path) -> str | None:
    """None when there is no such file, or it cannot be read."""
    try:
        return path.read_text("utf-8", errors="replace")
    except (OSError, ValueError):
        return None
