"""A WMI with one class in one namespace, as objects of COM."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from probes.windows.com import LONG, POINTER, ULONG, WORDS, Variant
from tests.fakes.com import FAILED, OK, FakeCom, FakeObject, put

LOCATOR = "4590f811-1d3a-11d0-891f-00aa004b2e24"
INVALID_NAMESPACE, INVALID_CLASS, NOT_FOUND = -2147217394, -2147217392, -2147217406


class FakeWmi:
    """`rows`: properties of each object of `kind` in `namespace`. Text, bool and int are known."""

    def __init__(
        self, com: FakeCom, namespace: str, kind: str, rows: Sequence[Mapping[str, object]]
    ) -> None:
        self._com, self._namespace, self._kind = com, namespace, kind
        self.items = [
            FakeObject({4: ((WORDS, LONG, POINTER, POINTER, POINTER), self._getter(row))})
            for row in rows
        ]
        self._left = list(self.items)
        self.rows = FakeObject({4: ((LONG, ULONG, POINTER, POINTER), self._next)})
        self.services = FakeObject({18: ((POINTER, LONG, POINTER, POINTER), self._instances)})
        connect = (POINTER, POINTER, POINTER, POINTER, LONG, POINTER, POINTER, POINTER)
        com.classes[LOCATOR] = FakeObject({3: (connect, self._connect)})

    def _connect(self, namespace: int, *rest: Any) -> int:
        if self._com.words(namespace) != self._namespace:
            return INVALID_NAMESPACE
        return put(rest[-1], ctypes.c_void_p, self.services.address)

    def _instances(self, kind: int, flags: int, context: None, out: int) -> int:
        assert flags == 0x30
        if self._com.words(kind) != self._kind:
            return INVALID_CLASS
        return put(out, ctypes.c_void_p, self.rows.address)

    def _next(self, wait: int, many: int, out: int, got: int) -> int:
        assert (wait > 0, many) == (True, 1)
        if not self._left:
            put(got, ctypes.c_uint32, 0)
            return 1
        put(out, ctypes.c_void_p, self._left.pop(0).address)
        return put(got, ctypes.c_uint32, 1)

    def _getter(self, row: Mapping[str, object]) -> Any:
        def get(name: str, flags: int, out: int, kind: None, flavour: None) -> int:
            if name not in row:
                return NOT_FOUND
            Variant.from_address(out).kind, raw = self._variant(row[name])
            Variant.from_address(out).value = int.from_bytes(raw.ljust(8, b"\0"), "little")
            return OK

        return get

    def _variant(self, value: object) -> tuple[int, bytes]:
        """As WMI does: uint32 becomes a signed number."""
        if value is None:
            return 1, b""
        if isinstance(value, bool):
            return 11, b"\xff\xff" if value else b"\0\0"
        if isinstance(value, int):
            return 3, struct.pack("<I", value & 0xFFFF_FFFF)
        if isinstance(value, str):
            return 8, self._com.text(value).to_bytes(8, "little")
        raise AssertionError(FAILED)
