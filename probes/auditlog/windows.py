"""The audit policy of Windows and its Security log: numbers and GUIDs, no words."""

from __future__ import annotations

import ctypes
import re
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from probes.model import ProbeError
from probes.parts import Facts
from probes.windows import event_log
from probes.windows.system import last_error, library, read_values

COMMAND_SECONDS = 10.0

SECURITY = r"SYSTEM\CurrentControlSet\Services\EventLog\Security"
FORWARDING = r"SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager"

_NEVER = 0xFFFF_FFFF
"""Retention: nothing is overwritten, however old it is."""
_BOTH = 3
"""Success and failure."""
_NO_PRIVILEGE = (5, 1314)
_POINTER, _NUMBER = ctypes.c_void_p, ctypes.c_uint32

_FAMILY = re.compile(r"0cce92([0-9a-f]{2})-69ae-11d9-bed3-505054503030")
_CATEGORIES = {
    "system": (*range(0x10, 0x15),),
    "logon": (*range(0x15, 0x1D), 0x43, 0x47, 0x49),
    "object_access": (*range(0x1D, 0x28), 0x44, 0x45, 0x46),
    "privilege_use": (*range(0x28, 0x2B),),
    "process": (*range(0x2B, 0x2F), 0x48, 0x4A),
    "policy_change": (*range(0x2F, 0x35),),
    "account_management": (*range(0x35, 0x3B),),
    "directory_access": (*range(0x3B, 0x3F),),
    "account_logon": (*range(0x3F, 0x43),),
}
"""The nine categories of [MS-GPAC] 2.2.1.2, by the byte in which their GUIDs differ."""


def policy() -> Facts:
    """Raises ProbeError: "no_privilege" for others than administrators."""
    try:
        source, settings = "advapi", system_policy()
    except ProbeError as exc:
        if exc.reason == "no_privilege":
            raise
        source, settings = "command", backup()
    return Facts(source, policy_values(settings))


def policy_values(settings: Mapping[str, int | None]) -> dict[str, float | None]:
    """GUID of a subcategory -> 0, 1 success, 2 failure, 3 both; None = not understood.

    A category counts when all of its subcategories that this Windows has are 3.
    """
    categories: dict[str, list[int | None]] = {}
    for guid, setting in settings.items():
        if name := category_of(guid):
            categories.setdefault(name, []).append(setting)
    if not categories:
        return {"audit_running": None, "audited_categories_count": None}
    every = [setting for found in categories.values() for setting in found]
    running = True if any(every) else None if None in every else False
    told = None not in every and len(categories) == len(_CATEGORIES)
    audited = sum(all(s == _BOTH for s in found) for found in categories.values())
    return {"audit_running": running, "audited_categories_count": audited if told else None}


def category_of(guid: str) -> str | None:
    found = _FAMILY.fullmatch(guid.strip("{}").lower())
    number = None if found is None else int(found[1], 16)
    return next((name for name, numbers in _CATEGORIES.items() if number in numbers), None)


class _Information(ctypes.Structure):
    """AUDIT_POLICY_INFORMATION."""

    _fields_: ClassVar = [
        ("subcategory", ctypes.c_ubyte * 16),
        ("setting", _NUMBER),
        ("category", ctypes.c_ubyte * 16),
    ]


def system_policy() -> dict[str, int | None]:
    """GUID of each subcategory -> its setting. Raises ProbeError."""
    api = library("advapi32")
    guids, many, found = _POINTER(), _NUMBER(), _POINTER()
    api.AuditFree.argtypes = (_POINTER,)
    refs = (ctypes.byref(guids), ctypes.byref(many))
    _checked(api.AuditEnumerateSubCategories(None, 1, *refs))
    try:
        api.AuditQuerySystemPolicy.argtypes = (_POINTER, _NUMBER, _POINTER)
        _checked(api.AuditQuerySystemPolicy(guids, many, ctypes.byref(found)))
        try:
            rows: Any = (_Information * many.value).from_address(found.value or 0)
            return {_guid(bytes(row.subcategory)): _setting(row.setting) for row in rows}
        finally:
            api.AuditFree(found)
    finally:
        api.AuditFree(guids)


def _guid(raw: bytes) -> str:
    return str(uuid.UUID(bytes_le=raw))


def _setting(number: int) -> int | None:
    """4 is said of a subcategory for which nothing is logged."""
    return {0: 0, 1: 1, 2: 2, 3: 3, 4: 0}.get(number)


def _checked(done: int) -> None:
    if not done & 0xFF:  # BOOLEAN is one byte; the others of the register may be anything
        error = last_error()
        reason = "no_privilege" if error.errno in _NO_PRIVILEGE else "no_source"
        raise ProbeError(reason, str(error))


def backup() -> dict[str, int | None]:
    """The same from `auditpol /backup`, whose numbers do not differ by language."""
    with tempfile.TemporaryDirectory(prefix="banjun-") as folder:
        at = Path(folder) / "policy.csv"
        try:
            subprocess.run(
                ["auditpol", "/backup", f"/file:{at}"],
                check=True, capture_output=True, timeout=COMMAND_SECONDS,
            )  # fmt: skip
            return parse_backup(at.read_bytes())
        except (OSError, subprocess.SubprocessError) as exc:
            raise ProbeError("no_source", "auditpol") from exc


_GUID_FIELD = re.compile(r"\{([0-9A-Fa-f-]{36})\}")


def parse_backup(data: bytes) -> dict[str, int | None]:
    """Lines that hold a GUID, with the number at their end; no number is None.

    Words are in the code page of the system, so only the ASCII of the file is looked at.
    """
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if wide else "latin-1", errors="replace")
    found: dict[str, int | None] = {}
    for line in text.splitlines():
        guid, fields = _GUID_FIELD.search(line), line.split(",")
        if guid and category_of(guid[1]):
            last = fields[-1].strip()
            found[guid[1].lower()] = int(last) if last in ("0", "1", "2", "3") else None
    return found


def retention() -> Facts:
    values = kept(read_values(SECURITY))
    values["forwarded"] = forwards(read_values(FORWARDING).values())
    at = event_log.oldest_time("Security")
    values["oldest_record_age_seconds"] = None if at is None else max(0.0, time.time() - at)
    return Facts("eventlog", values, "not_by_time")


def kept(settings: Mapping[str, object]) -> dict[str, float | None]:
    """Retention: seconds during which nothing is overwritten; 0 = as needed; 4294967295 = nothing
    ever is, until the log is full.
    """
    value = settings.get("Retention")
    by_time = isinstance(value, int) and 0 < value < _NEVER
    return {"retention_seconds": float(str(value)) if by_time else None}


def forwards(servers: Iterable[object]) -> bool:
    """Whether Windows' own forwarding has a server."""
    return any("server=" in str(server).lower() for server in servers)
