"""Calling objects of Windows (COM) by their table of functions, with nothing but ctypes.

Only what reading needs: make an object, call a function of its table, read text and VARIANTs. The
tables were compared with the headers of the Windows SDK. A call that fails is a ProbeError.
"""

from __future__ import annotations

import ctypes
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, ClassVar, Self

from probes.model import ProbeError
from probes.windows.system import library

_CTYPES: Any = import_module("ctypes")

_MULTITHREADED = 0
_IN_PROCESS, _LOCAL_SERVER = 0x1, 0x4
_CHANGED_MODE = 0x8001_0106
"""The thread is set up for COM already, in another way: usable, and not ours to take down."""
_ACCESS_DENIED = 0x8007_0005
_RELEASE = 2
"""The third function of every object's table."""

LONG, ULONG, SHORT, POINTER, WORDS = (
    ctypes.c_int32, ctypes.c_uint32, ctypes.c_int16, ctypes.c_void_p, ctypes.c_wchar_p,
)  # fmt: skip


class Variant(ctypes.Structure):
    """VARIANT: 24 bytes on 64-bit Windows, 16 on 32-bit."""

    _fields_: ClassVar = [
        ("kind", ctypes.c_uint16),
        ("reserved", ctypes.c_uint16 * 3),
        ("value", ctypes.c_uint64),
        ("more", ctypes.c_void_p),
    ]


class Object:
    """One reference to an object; leaving the `with` gives it back."""

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._function(_RELEASE, ())(self.pointer)

    def call(self, slot: int, *arguments: tuple[Any, Any]) -> int:
        """Call a function of the table: `arguments` are pairs of type and value.

        Returns the HRESULT, which is not negative. Raises ProbeError: "no_privilege" or
        "no_source".
        """
        kinds = tuple(kind for kind, _ in arguments)
        code = self._function(slot, kinds)(self.pointer, *(value for _, value in arguments))
        return checked(code, f"COM {slot}")

    def number(self, slot: int, kind: Any = LONG) -> int:
        """What a property of one number holds."""
        found = kind(0)
        self.call(slot, (POINTER, ctypes.byref(found)))
        return int(found.value)

    def text(self, slot: int) -> str:
        """What a property of text holds; empty for none."""
        found = POINTER()
        self.call(slot, (POINTER, ctypes.byref(found)))
        return taken_text(found.value)

    def child(self, slot: int, *arguments: tuple[Any, Any]) -> Object:
        """What a function gives through its last argument."""
        found = POINTER()
        self.call(slot, *arguments, (POINTER, ctypes.byref(found)))
        if not found.value:
            raise ProbeError("no_source", f"COM {slot}: nothing")
        return Object(found.value)

    def variant(self, slot: int, *arguments: tuple[Any, Any], rest: int = 0) -> object:
        """What a function gives as a VARIANT, with `rest` pointers that are not wanted after it."""
        found = Variant()
        nothing = [(POINTER, None)] * rest
        self.call(slot, *arguments, (POINTER, ctypes.byref(found)), *nothing)
        try:
            return value_of(found)
        finally:
            library("oleaut32").VariantClear(ctypes.byref(found))

    def _function(self, slot: int, kinds: Sequence[Any]) -> Any:
        table = ctypes.cast(self.pointer, ctypes.POINTER(POINTER))[0]
        address = ctypes.cast(table, ctypes.POINTER(POINTER))[slot]
        # The calling convention differs on 32-bit Windows only, and does not exist elsewhere.
        prototype = getattr(_CTYPES, "WINFUNCTYPE", _CTYPES.CFUNCTYPE)
        return prototype(LONG, POINTER, *kinds)(address)


def checked(code: int, what: str) -> int:
    """An HRESULT that is no error. Raises ProbeError."""
    if code >= 0:
        return code
    unsigned = code & 0xFFFF_FFFF
    reason = "no_privilege" if unsigned == _ACCESS_DENIED else "no_source"
    raise ProbeError(reason, f"{what}: {unsigned:#010x}")


@contextmanager
def apartment() -> Iterator[None]:
    """This thread may use COM inside. Raises ProbeError, elsewhere than on Windows too."""
    ole = library("ole32")
    code = int(ole.CoInitializeEx(None, _MULTITHREADED))
    if code & 0xFFFF_FFFF != _CHANGED_MODE:
        checked(code, "CoInitializeEx")
    try:
        yield
    finally:
        if code >= 0:
            ole.CoUninitialize()


def made(kind: str, interface: str) -> Object:
    """A new object of the class `kind`, seen as `interface`: both are GUIDs."""
    found = POINTER()
    code = library("ole32").CoCreateInstance(
        guid(kind), None, _IN_PROCESS | _LOCAL_SERVER, guid(interface), ctypes.byref(found)
    )
    checked(int(code), kind)
    return Object(found.value or 0)


def guid(text: str) -> Any:
    return ctypes.create_string_buffer(uuid.UUID(text).bytes_le, 16)


@contextmanager
def given_text(text: str) -> Iterator[Any]:
    """A BSTR for the time of a call."""
    strings = library("oleaut32")
    strings.SysAllocString.argtypes, strings.SysAllocString.restype = (WORDS,), POINTER
    strings.SysFreeString.argtypes = (POINTER,)
    pointer = strings.SysAllocString(text)
    try:
        yield pointer
    finally:
        strings.SysFreeString(pointer)


def taken_text(pointer: int | None) -> str:
    """The words of a BSTR, which is freed."""
    if not pointer:
        return ""
    strings = library("oleaut32")
    strings.SysFreeString.argtypes = (POINTER,)
    try:
        return _words(pointer)
    finally:
        strings.SysFreeString(pointer)


def _words(pointer: int) -> str:
    """The length of a BSTR, in bytes, stands before it."""
    many = ULONG.from_address(pointer - 4).value
    return ctypes.string_at(pointer, many).decode("utf-16-le", errors="replace")


_NOTHING = (0, 1)
_DATE, _TEXT, _BOOLEAN = 7, 8, 11
_NUMBERS = {
    2: ctypes.c_int16, 3: ctypes.c_int32, 4: ctypes.c_float, 5: ctypes.c_double,
    16: ctypes.c_int8, 17: ctypes.c_uint8, 18: ctypes.c_uint16, 19: ctypes.c_uint32,
    20: ctypes.c_int64, 21: ctypes.c_uint64, 22: ctypes.c_int32, 23: ctypes.c_uint32,
}  # fmt: skip
_DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)


def value_of(variant: Variant) -> object:
    """None for none and for kinds that nobody here needs. A date becomes Unix seconds."""
    if variant.kind in _NOTHING:
        return None
    raw = ctypes.c_uint64(variant.value)
    if variant.kind == _BOOLEAN:
        return bool(ctypes.c_int16.from_buffer(raw).value)
    if variant.kind == _TEXT:
        return _words(variant.value) if variant.value else ""
    if variant.kind == _DATE:
        return unix_time(ctypes.c_double.from_buffer(raw).value)
    kind: Any = _NUMBERS.get(variant.kind)
    return None if kind is None else kind.from_buffer(raw).value


def unix_time(days: float) -> float | None:
    """Of an OLE date in UTC; None for one that cannot be, and for the empty date (day 0)."""
    try:
        at = _DAY_ZERO + timedelta(days=days)
    except (OverflowError, ValueError):
        return None
    return at.timestamp() if at.year > 1980 else None
