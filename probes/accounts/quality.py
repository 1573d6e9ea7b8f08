"""What Linux asks of a new password: how long, of how many kinds of characters, how unlike old
ones. From PAM's modules and their settings; on UOS also from /etc/deepin/dde.conf.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from probes import files, keyfile
from probes.accounts import pam
from probes.accounts.pam import Line

SERVICES = ("passwd", "common-password", "system-auth")
"""The first that is there decides; the others are what it includes on most systems."""

COMPLEX_KINDS = 3
"""Kinds of characters that a complex password has at least: as the rule of Windows has it."""

_CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")
_LEAST = 6
"""pwquality and cracklib accept nothing shorter, whatever is set; pam_unix(8) has it as default."""
_PWQUALITY, _CRACKLIB = (8, 0), (9, 1)
"""Length and credit of each kind, when not set: pwquality.conf(5), pam_cracklib(8)."""
_PWHISTORY_REMEMBERS = 10
_OPAQUE = {"pam_passwdqc", "pam_ldap", "pam_sss", "pam_winbind"}
"""Modules that may ask for more than we can read."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The shortest length, and how many kinds of characters, that a module lets through."""

    length: int
    kinds: int


def stack(root: Path) -> list[Line]:
    """Raises FileNotFoundError where there is no PAM, and ProbeError("unreadable")."""
    service = next((name for name in SERVICES if pam.has(root, name)), SERVICES[0])
    return pam.stack(root, service, "password")


def demand(root: Path, lines: Sequence[Line]) -> Demand | None:
    """What all binding modules together ask for; None when that cannot be told."""
    asked = [_of_module(root, lines, i) for i in range(len(lines))]
    if not lines or None in asked or any(line.module in _OPAQUE for line in lines):
        return None
    known = [one for one in asked if one is not None]
    return Demand(max(d.length for d in known), max(d.kinds for d in known))


def remembered(root: Path, lines: Sequence[Line]) -> int | None:
    """How many old passwords may not be used again; None when that cannot be told."""
    numbers: list[int | None] = [0]
    for i, line in enumerate(lines):
        if line.module == "pam_unix":
            numbers.append(_number(line.options, "remember", 0))
        elif line.module == "pam_pwhistory" and pam.binds(line):
            missed = pam.can_be_missed(lines, i)
            numbers.append(None if missed else _of_history(root, line))
    known = [n for n in numbers if n is not None and n >= 0]
    return None if len(known) < len(numbers) or not lines else max(known)


def _of_history(root: Path, line: Line) -> int | None:
    settings = assignments(files.present(root / "etc/security/pwhistory.conf"))
    return _number({**settings, **line.options}, "remember", _PWHISTORY_REMEMBERS)


_NOTHING = Demand(0, 0)


def _of_module(root: Path, lines: Sequence[Line], index: int) -> Demand | None:
    line = lines[index]
    if line.module == "pam_unix":
        length = _number(line.options, "minlen", _LEAST)
        return None if length is None or length < 0 else Demand(length, 1)
    if line.module not in _CHECKS or not pam.binds(line):
        return _NOTHING
    return None if pam.can_be_missed(lines, index) else _CHECKS[line.module](root, line)


def _pwquality(root: Path, line: Line) -> Demand | None:
    return quality({**_pwquality_settings(root), **line.options}, *_PWQUALITY)


def _cracklib(root: Path, line: Line) -> Demand | None:
    return quality(line.options, *_CRACKLIB)


def _deepin(root: Path, line: Line) -> Demand | None:
    return deepin(files.text_if_any(root / "etc/deepin/dde.conf") or "")


_CHECKS: Mapping[str, Callable[[Path, Line], Demand | None]] = {
    "pam_pwquality": _pwquality,
    "pam_cracklib": _cracklib,
    "pam_deepin_pw_check": _deepin,
}


def _pwquality_settings(root: Path) -> dict[str, str]:
    folder = root / "etc/security"
    more = files.below(folder / "pwquality.conf.d", "*.conf")
    return assignments(files.present(folder / "pwquality.conf", *more))


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """`key = value` and `key`, of which a later one wins; `#` begins a comment."""
    found = {}
    for text in texts:
        for line in text.splitlines():
            key, _, value = line.partition("#")[0].partition("=")
            if key.strip():
                found[key.strip().lower()] = value.strip()
    return found


def quality(settings: Mapping[str, str], length: int, credit: int) -> Demand | None:
    """Of pwquality and cracklib. Credits above 0 make a password of mixed kinds count as longer,
    so that a shorter one passes; those below 0 demand so many of a kind.
    """
    least = _number(settings, "minlen", length)
    kinds = _number(settings, "minclass", 0)
    credits_ = [_number(settings, name, credit) for name in _CREDITS]
    if least is None or kinds is None or None in credits_:
        return None
    if _number(settings, "enforcing", 1) != 1:
        return _NOTHING if settings["enforcing"] == "0" else None
    given = [c for c in credits_ if c is not None]
    shortest = max(_LEAST, least - sum(c for c in given if c > 0))
    return Demand(shortest, min(4, max(kinds, sum(c < 0 for c in given))))


def deepin(text: str) -> Demand | None:
    """Of UOS and deepin: [Password] in dde.conf. None where it does not say."""
    rules = keyfile.sections(text).get("Password", {})
    strong = keyfile.flag(rules.get("STRONG_PASSWORD"))
    if strong is False:
        return Demand(1, 1)
    length = _number(rules, "PASSWORD_MIN_LENGTH", None)
    required = _number(rules, "VALIDATE_REQUIRED", None)
    if not strong or length is None or required is None:
        return None
    groups = [group for group in rules.get("VALIDATE_POLICY", "").strip('"').split(";") if group]
    return Demand(max(1, length), max(1, min(required, len(groups), 4)))


def _number(settings: Mapping[str, str], name: str, default: int | None) -> int | None:
    """None when it is not a whole number of a size that can be meant."""
    word = settings.get(name)
    if word is None:
        return default
    return int(word) if re.fullmatch(r"-?[0-9]{1,6}", word) else None
