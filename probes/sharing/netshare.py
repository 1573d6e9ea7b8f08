"""The shares of a Windows machine, through NetShareEnum (netapi32). Read-only."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from probes.model import ProbeError
from probes.sharing.descriptor import anybody_may_write
from probes.windows.system import library

DISK = 0
SPECIAL = 0x80000000
"""Of a share's type: C$, ADMIN$ and the like, which Windows makes itself."""
_KIND = 0xFF

_OK, _DENIED, _NO_SERVER = 0, 5, 2114
_NO_LIMIT = 0xFFFFFFFF
_WITH_PERMISSIONS, _FOR_EVERYBODY = 502, 1


@dataclass(frozen=True, slots=True)
class Share:
    """`open`: whether its permissions let anybody write; None = not known."""

    kind: int
    open: bool | None = None

    @property
    def special(self) -> bool:
        return bool(self.kind & SPECIAL)

    @property
    def disk(self) -> bool:
        return self.kind & _KIND == DISK


class _Info1(ctypes.Structure):
    """SHARE_INFO_1."""

    _fields_ = (("name", ctypes.c_wchar_p), ("kind", ctypes.c_uint32), ("remark", ctypes.c_wchar_p))


class _Info502(ctypes.Structure):
    """SHARE_INFO_502."""

    _fields_ = (
        ("name", ctypes.c_wchar_p),
        ("kind", ctypes.c_uint32),
        ("remark", ctypes.c_wchar_p),
        ("permissions", ctypes.c_uint32),
        ("max_uses", ctypes.c_uint32),
        ("current_uses", ctypes.c_uint32),
        ("path", ctypes.c_wchar_p),
        ("password", ctypes.c_wchar_p),
        ("reserved", ctypes.c_uint32),
        ("descriptor", ctypes.c_void_p),
    )


def shares() -> list[Share] | None:
    """Every share, with permissions if the privilege allows; None while nothing is served.

    Raises ProbeError("no_privilege") or ("unreadable").
    """
    api = _declared(library("netapi32"))
    code, found = _listed(api, _WITH_PERMISSIONS, _Info502)
    if code == _DENIED:
        code, found = _listed(api, _FOR_EVERYBODY, _Info1)
    if code == _NO_SERVER:
        return None
    if code != _OK:
        reason = "no_privilege" if code == _DENIED else "unreadable"
        raise ProbeError(reason, f"NetShareEnum {code}")
    return found


def _listed(api: Any, level: int, structure: Any) -> tuple[int, list[Share]]:
    buffer, read, total = ctypes.c_void_p(), ctypes.c_uint32(), ctypes.c_uint32()
    code = api.NetShareEnum(
        None, level, ctypes.byref(buffer), _NO_LIMIT,
        ctypes.byref(read), ctypes.byref(total), None,
    )  # fmt: skip
    if code != _OK or not buffer:
        return code, []
    try:
        entries = ctypes.cast(buffer, ctypes.POINTER(structure))
        return code, list(_shares(entries, read.value))
    finally:
        api.NetApiBufferFree(buffer)


def _shares(entries: Any, many: int) -> Iterator[Share]:
    for index in range(many):
        entry = entries[index]
        yield Share(entry.kind, _open(getattr(entry, "descriptor", None)))


def _open(descriptor: int | None) -> bool | None:
    """None where there is no descriptor, or one that is not understood."""
    if not descriptor:
        return None
    security = library("advapi32")
    security.GetSecurityDescriptorLength.argtypes = (ctypes.c_void_p,)
    security.GetSecurityDescriptorLength.restype = ctypes.c_uint32
    length = security.GetSecurityDescriptorLength(descriptor)
    try:
        return anybody_may_write(ctypes.string_at(descriptor, length))
    except ValueError:
        return None


def _declared(api: Any) -> Any:
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    api.NetShareEnum.argtypes = (
        ctypes.c_wchar_p, number, pointer, number, pointer, pointer, pointer,
    )  # fmt: skip
    api.NetShareEnum.restype = number
    api.NetApiBufferFree.argtypes = (pointer,)
    return api
