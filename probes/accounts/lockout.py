"""What Linux does after failed logins, from pam_faillock, pam_tally2 and pam_tally."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from probes import files
from probes.accounts import pam
from probes.accounts.pam import Line
from probes.accounts.quality import assignments
from probes.model import ProbeError

SERVICES = ("login", "sshd", "lightdm", "gdm-password", "sddm")
"""By which people log in; all that are there are looked at, and the weakest is told."""

_TALLIES = ("pam_tally2", "pam_tally")
_FAILLOCK_DENY, _FAILLOCK_SECONDS = 3, 600
"""When not set: faillock.conf(5)."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """After so many failures. `seconds`: None = until an administrator unlocks."""

    threshold: int
    seconds: int | None


def weakest(root: Path) -> Lockout | None:
    """Of all services; None = one of them does not lock anybody out.

    Raises ProbeError("unreadable") when a service cannot be understood, FileNotFoundError without
    PAM.
    """
    services = [name for name in SERVICES if pam.has(root, name)]
    if not services:
        raise FileNotFoundError("pam.d")
    settings = assignments(files.present(root / "etc/security/faillock.conf"))
    stacks = [pam.stack(root, name, "auth") for name in services]
    found = [of_stack(lines, settings) for lines in stacks]
    known = [lockout for lockout in found if lockout is not None]
    if len(known) < len(found):
        return None
    times = [lockout.seconds for lockout in known if lockout.seconds is not None]
    return Lockout(max(lockout.threshold for lockout in known), min(times, default=None))


def of_stack(lines: Sequence[Line], settings: Mapping[str, str]) -> Lockout | None:
    """None = nobody is locked out. Raises ProbeError("unreadable"). `settings`: faillock.conf."""
    for i, line in enumerate(lines):
        if not (_is_tally(line) or _is_faillock(line, "preauth")) or not pam.binds(line):
            continue
        if pam.can_be_missed(lines, i):
            raise ProbeError("unreadable", line.module)
        if _is_tally(line):
            return tally(line.options)
        if not _counts(lines[i + 1 :]):
            return None
        return faillock({**settings, **line.options})
    return None


def _counts(lines: Sequence[Line]) -> bool:
    """Whether failures are counted. Raises ProbeError("unreadable") where a module before that may
    end the stack with a failure that nobody counts."""
    for line in lines:
        if _is_faillock(line, "authfail"):
            return True
        if pam.ends_on_failure(line) and any(_is_faillock(other, "authfail") for other in lines):
            raise ProbeError("unreadable", line.module)
    return False


def _is_tally(line: Line) -> bool:
    return line.module in _TALLIES


def _is_faillock(line: Line, task: str) -> bool:
    return line.module == "pam_faillock" and task in line.options


def faillock(settings: Mapping[str, str]) -> Lockout | None:
    deny = _number(settings.get("deny", str(_FAILLOCK_DENY)))
    word = settings.get("unlock_time", str(_FAILLOCK_SECONDS))
    seconds = 0 if word == "never" else _number(word)
    return Lockout(deny, seconds or None) if deny else None


def tally(settings: Mapping[str, str]) -> Lockout | None:
    deny = _number(settings.get("deny", "0"))
    seconds = _number(settings.get("unlock_time", "0"))
    return Lockout(deny, seconds or None) if deny else None


def _number(word: str) -> int:
    if re.fullmatch(r"[0-9]{1,8}", word):
        return int(word)
    raise ProbeError("unreadable", word[:16])
