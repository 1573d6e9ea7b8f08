"""Which release of which Linux this is, from os-release(5) and where Kylin, UOS, OpenWrt say more.

Only fields in Latin letters are read: what the same files say in Chinese is for people.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from probes.support.table import Release

FILES = (Path("etc/os-release"), Path("usr/lib/os-release"))
KYLIN_INFO, KYLIN_RELEASE = Path("etc/.kyinfo"), Path("etc/kylin-release")
UOS_VERSION = Path("etc/os-version")
OPENWRT_RELEASE = Path("etc/openwrt_release")
DEBIAN_VERSION = Path("etc/debian_version")

_KYLIN = re.compile(r"(Desktop|Server)-V?(\d+(?:\.\d+)?)(?:-(SP\d+))?", re.IGNORECASE)
_KYLIN_WORDS = re.compile(r"Kylin.*?(Desktop|Server)?\s*release V?(\d+)", re.IGNORECASE)
_BUILD_LETTERS = 64


def identify(root: Path) -> Release | None:
    """None when no file tells. `root`: the machine's file system."""
    release = next((found for file in FILES if (found := parse(_text(root / file)))), None)
    system = release.system if release else ""
    if system in ("", "kylin") and (name := _kylin(root)):
        return Release("kylin", name)
    if system in ("", "uos", "deepin") and (name := parse_uos(_text(root / UOS_VERSION))):
        return Release(system or "uos", name)
    if system == "" and (name := _series(_openwrt(root).get("DISTRIB_RELEASE", ""))):
        return Release("openwrt", name)
    return release


def build(root: Path) -> str:
    """What the system calls the exact state of its release; `-` if it has no word for it."""
    kylin = dict(_fields(_text(root / KYLIN_INFO)))
    uos = dict(_fields(_text(root / UOS_VERSION)))
    openwrt = _openwrt(root)
    debian = _text(root / DEBIAN_VERSION).strip()
    return (
        _label(kylin.get("milestone", ""), _BUILD_LETTERS)
        or _label(uos.get("OsBuild", ""))
        or _label(f"{openwrt.get('DISTRIB_RELEASE', '')} {openwrt.get('DISTRIB_REVISION', '')}")
        or (debian if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", debian, re.ASCII) else "-")
    )


def parse(text: str) -> Release | None:
    """None without an ID. A rolling release has no number: `-`."""
    fields = dict(_fields(text))
    system = _label(fields.get("ID", ""))
    if not system:
        return None
    return Release(system, _label(_release(system, fields)) or "-")


def _release(system: str, fields: Mapping[str, str]) -> str:
    """openEuler tells its service pack in VERSION only: `24.03 (LTS-SP3)`."""
    found = fields.get("VERSION" if system == "openeuler" else "VERSION_ID", "")
    return _series(found) if system == "openwrt" else found


def _kylin(root: Path) -> str:
    return parse_kylin(_text(root / KYLIN_INFO)) or parse_kylin_release(_text(root / KYLIN_RELEASE))


def parse_kylin(text: str) -> str:
    """Of .kyinfo: `desktop-v10-sp1`; empty if it does not tell.

    Its name and milestone are put together as in its dist_id; old ones lack the latter.
    """
    fields = dict(_fields(text))
    named = f"{fields.get('name', '')}-{fields.get('milestone', '')}"
    found = _KYLIN.search(fields.get("dist_id", "")) or _KYLIN.search(named)
    return "" if found is None else _kylin_name(found[1], found[2], found[3])


def parse_kylin_release(text: str) -> str:
    """Of kylin-release, which knows no service pack: `server-v10`."""
    found = _KYLIN_WORDS.search(text)
    return "" if found is None else _kylin_name(found[1], found[2], None)


def _kylin_name(kind: str | None, version: str, pack: str | None) -> str:
    return _label(" ".join(word for word in (kind, f"v{version}", pack) if word))


def parse_uos(text: str) -> str:
    """Of os-version: `desktop-20-1060-professional`; empty if it does not tell."""
    fields = dict(_fields(text))
    if not fields.get("MajorVersion"):
        return ""
    names = ("ProductType", "MajorVersion", "MinorVersion", "EditionName")
    return _label(" ".join(fields.get(name, "") for name in names))


def _openwrt(root: Path) -> dict[str, str]:
    return dict(_fields(_text(root / OPENWRT_RELEASE)))


def _series(version: str) -> str:
    """Of OpenWrt 23.05.5 it is 23.05 that is supported or not."""
    found = re.match(r"\d+\.\d+", version, re.ASCII)
    return found[0] if found else _label(version)


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


def _label(text: str, letters: int = 32) -> str:
    """Lower case, words joined by hyphens: `24.03 (LTS-SP3)` is `24.03-lts-sp3`."""
    return "-".join(re.findall(r"[a-z0-9._]+", text.lower()))[:letters].rstrip("-")


def _text(path: Path) -> str:
    """Empty when there is no such file, or it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
