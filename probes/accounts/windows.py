"""The parts of posture_accounts on Windows, from its own functions for accounts (netapi32), the
security engine (scecli) and one value of the registry. Numbers only: names differ by language.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from probes.model import ProbeError
from probes.parts import Facts
from probes.windows.system import library, read_value

NETAPI, REGISTRY, SCE = "netapi", "registry", "scecli"

FOREVER = 0xFFFF_FFFF
"""TIMEQ_FOREVER: never expires; of a lock-out, until an administrator unlocks."""

ADMINISTRATOR, GUEST = 500, 501
"""Relative identifiers: the same in every language, and after renaming."""

_DISABLED, _NO_PASSWORD_NEEDED, _NORMAL, _NEVER_EXPIRES = 0x2, 0x20, 0x200, 0x10000
"""UF_ACCOUNTDISABLE, UF_PASSWD_NOTREQD, UF_NORMAL_ACCOUNT, UF_DONT_EXPIRE_PASSWD."""

_ADMIN_NAMES = {
    "administrator", "administrateur", "administrador", "administratör", "amministratore",
    "järjestelmänvalvoja", "rendszergazda", "администратор", "адміністратор", "管理员",
}  # fmt: skip
"""What the built-in administrator is called at first. Chinese Windows says Administrator."""

WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"

_DENIED = 5
_SYSTEM_PROFILE, _SECURITY_POLICY = 300, 0x1
_WORD, _TEXT, _NUMBER = ctypes.c_uint32, ctypes.c_wchar_p, ctypes.c_uint32
_POINTER = ctypes.c_void_p


@dataclass(frozen=True, slots=True)
class User:
    """Of NetUserEnum, level 3. Seconds; 0 of `last_logon` means that Windows does not know."""

    number: int
    flags: int
    last_logon: int
    password_age: int
    is_named_as_first: bool

    @property
    def is_enabled(self) -> bool:
        return bool(self.flags & _NORMAL) and not self.flags & _DISABLED


def guest() -> Facts:
    return Facts(NETAPI, guest_values(users()))


def guest_values(found: Sequence[User]) -> dict[str, float | None]:
    return {"guest_enabled": _enabled(found, GUEST)}


def builtin_admin() -> Facts:
    return Facts(NETAPI, admin_values(users()))


def admin_values(found: Sequence[User]) -> dict[str, float | None]:
    names = [user.is_named_as_first for user in found if user.number == ADMINISTRATOR]
    return {
        "builtin_admin_enabled": _enabled(found, ADMINISTRATOR),
        "builtin_admin_renamed": not any(names) if names else None,
    }


def _enabled(found: Sequence[User], number: int) -> bool | None:
    states = [user.is_enabled for user in found if user.number == number]
    return any(states) if states else None


def password() -> Facts:
    rules = modals(0)
    try:
        exempt = any(user.flags & _NEVER_EXPIRES for user in users() if user.is_enabled)
    except ProbeError as exc:
        return Facts(NETAPI, password_values(rules, None), exc.reason)
    return Facts(NETAPI, password_values(rules, exempt))


def password_values(rules: Mapping[str, int], exempt: bool | None) -> dict[str, float | None]:
    """`rules`: level 0. `exempt`: whether some account's password never expires in spite of them.

    Microsoft's table says seconds for the ages; TIMEQ_FOREVER is never.
    """
    values: dict[str, float | None] = {
        "password_length_count": rules["length"],
        "password_history_count": rules["history"],
    }
    if rules["age"] == FOREVER or exempt:
        return {**values, "password_expires": False}
    if exempt is None or not rules["age"]:  # less than a day is no age that Windows takes
        return {**values, "password_expires": None, "password_age_seconds_max": None}
    return {**values, "password_expires": True, "password_age_seconds_max": rules["age"]}


def locking() -> Facts:
    return Facts(NETAPI, lockout_values(modals(3)))


def lockout_values(rules: Mapping[str, int]) -> dict[str, float | None]:
    """`rules`: level 3. A threshold of 0 locks nobody out."""
    if not rules["threshold"]:
        return {"lockout_enabled": False}
    until_unlocked = rules["duration"] == FOREVER
    values: dict[str, float | None] = {
        "lockout_enabled": True,
        "lockout_threshold_count": rules["threshold"],
        "lockout_until_unlocked": until_unlocked,
    }
    return values if until_unlocked else {**values, "lockout_seconds": rules["duration"]}


def blank() -> Facts:
    """Windows tells who needs no password, not who has none: so none of those proves nothing."""
    many = sum(bool(user.flags & _NO_PASSWORD_NEEDED) for user in users() if user.is_enabled)
    return Facts(NETAPI, {"blank_password_accounts_count": many or None}, "no_source")


def unused() -> Facts:
    return Facts(NETAPI, unused_values(users(), time.time()), "never_used")


def unused_values(found: Sequence[User], now: float) -> dict[str, float | None]:
    """One that never logged on was at least not used since its password was set, if it ever was."""
    enabled = [user for user in found if user.is_enabled]
    if not enabled:
        raise ProbeError("not_here")
    spans = [_unused(user, now) for user in enabled]
    known = [span for span in spans if span is not None]
    return {"unused_account_seconds_max": max(known) if len(known) == len(spans) else None}


def _unused(user: User, now: float) -> float | None:
    if 0 < user.last_logon <= now:
        return now - user.last_logon
    return user.password_age if 0 < user.password_age < FOREVER else None


def auto_logon() -> Facts:
    """Only AutoAdminLogon is asked for: a password in clear stands in the same key."""
    return Facts(REGISTRY, {"auto_logon": automatic(read_value(WINLOGON, "AutoAdminLogon"))})


def automatic(value: object) -> bool | None:
    """Not set is off."""
    if value is None:
        return False
    word = str(value).strip()
    return bool(int(word)) if word.isascii() and word.isdecimal() else None


class _Modals0(ctypes.Structure):
    _fields_: ClassVar = [
        (name, _WORD) for name in ("length", "age", "least_age", "logoff", "history")
    ]


class _Modals3(ctypes.Structure):
    _fields_: ClassVar = [(name, _WORD) for name in ("duration", "window", "threshold")]


class _User3(ctypes.Structure):
    _fields_: ClassVar = [
        ("name", _TEXT), ("password", _POINTER), ("password_age", _NUMBER), ("priv", _NUMBER),
        ("home", _TEXT), ("comment", _TEXT), ("flags", _NUMBER), ("script", _TEXT),
        ("auth_flags", _NUMBER), ("full_name", _TEXT), ("usr_comment", _TEXT), ("parms", _TEXT),
        ("workstations", _TEXT), ("last_logon", _NUMBER), ("last_logoff", _NUMBER),
        ("expires", _NUMBER), ("max_storage", _NUMBER), ("units", _NUMBER), ("hours", _POINTER),
        ("bad", _NUMBER), ("logons", _NUMBER), ("server", _TEXT), ("country", _NUMBER),
        ("page", _NUMBER), ("number", _NUMBER), ("group", _NUMBER), ("profile", _TEXT),
        ("drive", _TEXT), ("expired", _NUMBER),
    ]  # fmt: skip


class _Profile(ctypes.Structure):
    """As far as it is needed; its form is known from osquery, which reads it since Windows 7."""

    _fields_: ClassVar = [
        (name, _WORD) for name in ("unknown", "least_age", "age", "length", "complexity")
    ]


def modals(level: int) -> dict[str, int]:
    """NetUserModalsGet: level 0 or 3, which everybody may ask for. Raises ProbeError."""
    kind: Any = {0: _Modals0, 3: _Modals3}[level]
    found = _POINTER()
    api = library("netapi32")
    api.NetUserModalsGet.argtypes = (_TEXT, _NUMBER, _POINTER)
    _checked(api.NetUserModalsGet(None, level, ctypes.byref(found)))
    with _buffer(api.NetApiBufferFree, found):
        told = kind.from_address(found.value)
        return {name: getattr(told, name) for name, _ in kind._fields_}


def users() -> list[User]:
    """Every local account. Raises ProbeError: "no_privilege" where Windows keeps them back."""
    api = library("netapi32")
    api.NetUserEnum.argtypes = (_TEXT, *[_NUMBER] * 2, _POINTER, _NUMBER, *[_POINTER] * 3)
    found, many, all_, resume = _POINTER(), _NUMBER(), _NUMBER(), _NUMBER()
    refs = [ctypes.byref(number) for number in (many, all_, resume)]
    _checked(api.NetUserEnum(None, 3, 0, ctypes.byref(found), FOREVER, *refs))
    with _buffer(api.NetApiBufferFree, found):
        rows = (_User3 * many.value).from_address(found.value or 0) if many.value else ()
        return [_user(row) for row in rows]


def _user(row: Any) -> User:
    is_first = (row.name or "").lower() in _ADMIN_NAMES
    return User(row.number, row.flags, row.last_logon, row.password_age, is_first)


def complexity() -> Facts:
    """From the security engine, which answers administrators only."""
    api = library("scecli")
    found = _POINTER()
    api.SceGetSecurityProfileInfo.argtypes = (_POINTER, _NUMBER, _NUMBER, _POINTER, _POINTER)
    code = api.SceGetSecurityProfileInfo(
        None, _SYSTEM_PROFILE, _SECURITY_POLICY, ctypes.byref(found), None
    )
    _checked(code)

    def free(pointer: int | None) -> None:
        api.SceFreeMemory.argtypes = (_POINTER, _NUMBER)
        api.SceFreeMemory(pointer, _SECURITY_POLICY)

    with _buffer(free, found):
        told = _Profile.from_address(found.value or 0).complexity
    return Facts(SCE, {"password_complexity": {0: False, 1: True}.get(told)})


LOOKS = (guest, builtin_admin, password, complexity, locking, blank, unused, auto_logon)
"""In the order of the parts."""


@contextmanager
def _buffer(free: Callable[[int | None], object], found: Any) -> Iterator[None]:
    if not found.value:
        raise ProbeError("no_source")
    try:
        yield
    finally:
        free(found)


def _checked(code: int) -> None:
    if code:
        reason = "no_privilege" if code == _DENIED else "no_source"
        raise ProbeError(reason, f"Windows error {code}")
