"""What the settings of Samba let others do, from smb.conf(5).

Of a parameter the last value counts; one of a share that stands in [global] is every share's
default. Names know neither case nor blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Include = Callable[[str], str]
"""The text of a file; empty when there is none, as Samba has it."""

SAMBA = re.compile(r"samba(?:-\w+)*|samba\d*-server|libsmbclient0?|smbclient")
"""Packages whose version is Samba's own."""
SMB2_BY_DEFAULT = (4, 11)
"""Since then neither server nor client speaks SMB1 unless told to (Samba 4.11 release notes)."""
MAX_DEPTH = 16

_SMB1 = frozenset({"nt1", "lanman1", "lanman2", "core", "coreplus", "core+"})
_SYNONYMS = {
    "minprotocol": "serverminprotocol",
    "public": "guestok",
    "printok": "printable",
    "onlyguest": "guestonly",
}
_NEGATED = {"writeable", "writable", "writeok"}
_FLAGS = {
    **dict.fromkeys(("yes", "true", "1", "on"), True),
    **dict.fromkeys(("no", "false", "0", "off"), False),
}
_EVERYONE = ("S-1-1-0", "EVERYONE")
_ELSEWHERE = {
    "include": ("",),
    "configfile": ("",),
    "configbackend": ("file",),
    "registryshares": ("no", "false", "0", "off"),
}
"""Parameters that lead to where we cannot follow, unless they have one of these values."""
_NO_FILES = ("printers", "print$", "ipc$")


@dataclass(slots=True)
class Settings:
    """`unsure`: a part of the settings lies where only Samba itself finds it."""

    overall: dict[str, str] = field(default_factory=dict)
    shares: dict[str, dict[str, str]] = field(default_factory=dict)
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Shares:
    """How many folders are offered, and how many of them let a guest write; None = not known."""

    count: int
    open: int | None


def parse(text: str, include: Include) -> Settings:
    """Raises ValueError for a line that makes no sense or files that include each other."""
    settings = Settings()
    _parse(text, include, settings, "global", 0)
    return settings


def speaks_smb1(settings: Settings, side: str, version: tuple[int, int] | None) -> bool | None:
    """`side`: server or client. Without a setting the version decides; None when not known."""
    if settings.unsure:
        return None
    least = settings.overall.get(f"{side}minprotocol", "default").lower()
    if least in _SMB1:
        return True
    if least.startswith(("smb2", "smb3")):
        return False
    if least != "default" or version is None:
        return None
    return version < SMB2_BY_DEFAULT


def count_shares(settings: Settings) -> Shares | None:
    """Printers and the parts of Samba itself are not counted. None when not all can be seen."""
    if settings.unsure:
        return None
    seen = [_is_open(share) for share in _merged(settings)]
    return Shares(len(seen), None if None in seen else sum(map(bool, seen)))


def user_share_is_open(text: str) -> bool | None:
    """Of a share that a user made himself (`net usershare`): whether everybody may write.

    Everyone is S-1-1-0; F is full control. None when the file does not say.
    """
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if "usershare_acl" not in found or "guest_ok" not in found:
        return None
    entries = (entry.rpartition(":") for entry in found["usershare_acl"].split(","))
    wide = any(who.upper() in _EVERYONE and may.upper() == "F" for who, _, may in entries)
    return wide and found["guest_ok"].strip().lower() == "y"


def version_of(packages: Mapping[str, str]) -> tuple[int, int] | None:
    """Major and minor version of the installed Samba; None without one, or if they differ."""
    versions = {_version(v) for name, v in packages.items() if SAMBA.fullmatch(name)}
    return versions.pop() if len(versions) == 1 else None


def is_installed(packages: Mapping[str, str]) -> bool:
    return any(SAMBA.fullmatch(name) for name in packages)


def _version(text: str) -> tuple[int, int] | None:
    found = re.match(r"(?:\d+:)?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _merged(settings: Settings) -> Iterator[dict[str, str]]:
    for name, own in settings.shares.items():
        share = {**settings.overall, **own}
        offered = _flag(share, "available", default=True) is not False
        if offered and name not in _NO_FILES and not _flag(share, "printable", default=False):
            yield share


def _is_open(share: Mapping[str, str]) -> bool | None:
    """Whether a guest, that is anybody without a password, may write by the settings."""
    guest = _flag(share, "guestok", default=False)
    read_only = _flag(share, "readonly", default=True)
    if share.get("copy"):
        return None
    if guest is False or read_only is True:
        return False
    return None if guest is None or read_only is None else True


def _flag(share: Mapping[str, str], name: str, *, default: bool) -> bool | None:
    word = share.get(name)
    return default if word is None else _FLAGS.get(word.lower())


def _parse(text: str, include: Include, settings: Settings, section: str, depth: int) -> str:
    """The section that is open at the end."""
    if depth > MAX_DEPTH:
        raise ValueError("includes")
    for line in _lines(text):
        header = re.fullmatch(r"\[([^\]]*)\]", line)
        if header:
            section = header[1].strip().lower()
            if section != "global":
                settings.shares.setdefault(section, {})
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise ValueError(line)
        name, value = _name(name), value.strip()
        if name == "include" and "%" not in value and value.lower() != "registry":
            section = _parse(include(value.strip('"')), include, settings, section, depth + 1)
        else:
            _set(settings, section, name, value)
    return section


def _set(settings: Settings, section: str, name: str, value: str) -> None:
    if name in _ELSEWHERE and value.lower() not in _ELSEWHERE[name]:
        settings.unsure = True
        return
    if name in _NEGATED:
        flag = _FLAGS.get(value.lower())
        name, value = "readonly", value if flag is None else ("no" if flag else "yes")
    target = settings.overall if section == "global" else settings.shares[section]
    target[_SYNONYMS.get(name, name)] = value


def _name(text: str) -> str:
    return re.sub(r"\s+", "", text).lower()


def _lines(text: str) -> Iterator[str]:
    """A line that ends with a backslash goes on in the next."""
    whole = ""
    for raw in text.splitlines():
        line = whole + raw.strip()
        if line.endswith("\\"):
            whole = line[:-1]
            continue
        whole = ""
        if line and line[0] not in "#;":
            yield line
