"""Local accounts of Linux, from passwd(5) and shadow(5). No hash leaves this module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from probes import files

DAY = 86_400
NEVER_DAYS = 99_999
"""What shadow-utils write where a password never expires."""

_NO_SHELLS = ("nologin", "false", "sync", "shutdown", "halt")
_FIRST_UID, _LAST_UID = 1000, 60_000
"""UID_MIN and UID_MAX of login.defs(5), when not set."""


class Password(Enum):
    """What field 2 of shadow tells."""

    EMPTY = "empty"
    LOCKED = "locked"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Account:
    """`password`: what passwd itself says; None = shadow has it."""

    name: str
    uid: int
    has_shell: bool
    password: Password | None


@dataclass(frozen=True, slots=True)
class Secret:
    """Days since 1970, or of an age; None = not set."""

    password: Password
    changed: int | None
    lasts: int | None
    expires: int | None


def accounts(root: Path) -> list[Account]:
    """Raises OSError."""
    return list(parse_accounts(files.text(root / "etc/passwd")))


def secrets(root: Path) -> dict[str, Secret]:
    """Name -> what shadow tells. Raises PermissionError for anybody but root, FileNotFoundError."""
    return dict(parse_secrets(files.text(root / "etc/shadow")))


def parse_accounts(text: str) -> Iterator[Account]:
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) != 7 or not fields[2].isascii() or not fields[2].isdecimal():
            continue
        name, field, uid, _, _, _, shell = fields
        told = None if field == "x" else _password(field)
        yield Account(name, int(uid), shell.rpartition("/")[2] not in _NO_SHELLS, told)


def parse_secrets(text: str) -> Iterator[tuple[str, Secret]]:
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 9 and fields[0]:
            days = [_days(fields[i]) for i in (2, 4, 7)]
            yield fields[0], Secret(_password(fields[1]), *days)


def _password(field: str) -> Password:
    if not field:
        return Password.EMPTY
    return Password.LOCKED if field.startswith(("!", "*")) else Password.SET


def _days(field: str) -> int | None:
    return int(field) if re.fullmatch(r"[0-9]{1,6}", field) else None


def password_of(account: Account, known: dict[str, Secret]) -> Password | None:
    """None = nobody tells."""
    if account.password is not None:
        return account.password
    secret = known.get(account.name)
    return None if secret is None else secret.password


def without_password(found: Iterable[Account], known: dict[str, Secret]) -> int | None:
    """How many that have a shell need no password; None when one of them cannot be told."""
    passwords = [password_of(account, known) for account in found if account.has_shell]
    return None if None in passwords else passwords.count(Password.EMPTY)


def people(found: Iterable[Account], defs: dict[str, str]) -> list[Account]:
    """Those that are not of the system. `defs`: login.defs."""
    first, last = _days(defs.get("UID_MIN", "")), _days(defs.get("UID_MAX", ""))
    low, high = first or _FIRST_UID, last or _LAST_UID
    return [account for account in found if account.has_shell and low <= account.uid <= high]


def definitions(root: Path) -> dict[str, str]:
    """NAME -> value of login.defs. Raises FileNotFoundError and other OSErrors."""
    lines = files.text(root / "etc/login.defs").splitlines()
    words = (line.partition("#")[0].split() for line in lines)
    return {pair[0]: pair[1] for pair in words if len(pair) == 2}


def lasts_days(defs: dict[str, str]) -> int | None:
    """How long a password of a new account lasts; NEVER_DAYS = for ever; None = garbage."""
    word = defs.get("PASS_MAX_DAYS", "-1")
    return NEVER_DAYS if word == "-1" else _days(word)


def longest_days(found: Iterable[Account], known: dict[str, Secret]) -> int | None:
    """Of the passwords that are set, how long the one lasts that lasts longest, in days.

    NEVER_DAYS = for ever; 0 = no password is set; None when one cannot be told.
    """
    days: list[int] = []
    for account in found:
        password = password_of(account, known)
        if password is None and account.has_shell:
            return None
        if account.has_shell and password is Password.SET:
            secret = known.get(account.name)
            days.append(NEVER_DAYS if secret is None or secret.lasts is None else secret.lasts)
    return min(NEVER_DAYS, max(days, default=0))
