"""Objects of COM with real tables of functions in memory, so that our calls really go through them.

What they answer is what Microsoft documents. That the documents are right, only a real Windows can
show.
"""

from __future__ import annotations

import ctypes
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from probes.windows.com import LONG, POINTER, Variant
from tests.fakes.windows import FakeWindows

OK, FALSE, FAILED, DENIED = 0, 1, -2147467259, -2147024891
NOT_REGISTERED = -2147221164

Method = tuple[Sequence[Any], Callable[..., int]]


class FakeObject:
    """`methods`: slot of the table -> (types of its arguments, what it does and returns)."""

    def __init__(self, methods: Mapping[int, Method]) -> None:
        self.released = 0
        all_methods: dict[int, Method] = {2: ((), self._release), **methods}
        self._kept = {
            slot: ctypes.CFUNCTYPE(LONG, POINTER, *kinds)(lambda _, *given, do=do: do(*given))
            for slot, (kinds, do) in all_methods.items()
        }
        self._table = (ctypes.c_void_p * (max(all_methods) + 1))()
        for slot, function in self._kept.items():
            self._table[slot] = ctypes.cast(function, ctypes.c_void_p).value
        self._object = ctypes.c_void_p(ctypes.addressof(self._table))

    @property
    def address(self) -> int:
        return ctypes.addressof(self._object)

    def _release(self) -> int:
        self.released += 1
        return 0


class FakeCom:
    """ole32 and oleaut32 of a Windows. `classes`: class GUID -> object, or a failing HRESULT."""

    def __init__(self, windows: FakeWindows) -> None:
        self.classes: dict[str, FakeObject | int] = {}
        self.initialised: int = OK
        self.entered = self.left = 0
        self._texts: dict[int, Any] = {}
        windows.export(
            "ole32",
            CoInitializeEx=self._enter,
            CoUninitialize=self._leave,
            CoCreateInstance=self._create,
            CoSetProxyBlanket=lambda *_: OK,
        )
        windows.export(
            "oleaut32",
            SysAllocString=self.text,
            SysFreeString=self._free,
            VariantClear=self._clear,
        )

    def balanced(self) -> bool:
        """Whether everything that was taken was given back."""
        return not self._texts and self.entered == self.left

    def text(self, words: str) -> int:
        """A BSTR: its length in bytes, then UTF-16, then two zero bytes."""
        data = words.encode("utf-16-le")
        whole = len(data).to_bytes(4, "little") + data + b"\0\0"
        memory = ctypes.create_string_buffer(whole, len(whole))
        pointer = ctypes.addressof(memory) + 4
        self._texts[pointer] = memory
        return pointer

    def words(self, pointer: int) -> str:
        return self._texts[pointer].raw[4:-2].decode("utf-16-le")  # type: ignore[no-any-return]

    def gives_text(self, words: str) -> Method:
        return (POINTER,), lambda out: put(out, ctypes.c_void_p, self.text(words))

    def gives_variant(self, kind: int, raw: bytes) -> Variant:
        value = int.from_bytes(raw.ljust(8, b"\0"), "little")
        return Variant(kind=kind, value=value)

    def _enter(self, reserved: None, mode: int) -> int:
        assert (reserved, mode) == (None, 0)
        self.entered += self.initialised >= 0
        return self.initialised

    def _leave(self) -> None:
        self.left += 1

    def _create(self, kind: Any, outer: None, context: int, interface: Any, out: Any) -> int:
        assert outer is None
        assert len(interface.raw) == 16
        found = self.classes.get(str(uuid.UUID(bytes_le=kind.raw)), NOT_REGISTERED)
        if isinstance(found, int):
            return found
        out._obj.value = found.address
        return OK

    def _free(self, pointer: int) -> None:
        del self._texts[pointer]

    def _clear(self, variant: Any) -> int:
        if variant._obj.kind == 8 and variant._obj.value:
            self._free(variant._obj.value)
        return OK


def gives(kind: Any, value: int) -> Method:
    """A method whose one argument is where its answer goes."""
    return (POINTER,), lambda out: put(out, kind, value)


def fails(code: int, *kinds: Any) -> Method:
    return kinds, lambda *_: code


def put(out: int, kind: Any, value: int) -> int:
    kind.from_address(out).value = value
    return OK
