"""Windows' security centre: its list as objects of COM, and its mirror in the registry."""

from __future__ import annotations

import ctypes
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from probes.windows.com import LONG, POINTER, ULONG
from tests.fakes.com import OK, FakeCom, FakeObject, fails, gives, put

LIST = "17072f7b-9abe-4a74-a261-1eb76b55107a"
PRODUCT2 = "f896ca54-fe09-4403-86d4-23cb488d81d8"
NO_INTERFACE = -2147467262
FIREWALL, ANTIVIRUS = 1, 4
ON, OFF, SNOOZED, EXPIRED = range(4)
OLD, CURRENT = 0, 1


@dataclass(frozen=True)
class Row:
    name: str
    state: int = ON
    signatures: int = CURRENT
    guid: str = "{D68DDC3A-831F-4FAE-9E44-DA132C1ACF46}"


class FakeSecurityCenter:
    def __init__(
        self, com: FakeCom, antivirus: Sequence[Row] = (), firewall: Sequence[Row] = ()
    ) -> None:
        self._rows = {ANTIVIRUS: antivirus, FIREWALL: firewall}
        self._com = com
        self._chosen: list[FakeObject] = []
        self._newer: list[FakeObject] = []
        com.classes[LIST] = FakeObject(
            {
                7: ((ULONG,), self._initialise),
                8: ((POINTER,), lambda out: put(out, LONG, len(self._chosen))),
                9: ((ULONG, POINTER), self._item),
            }
        )

    def _initialise(self, provider: int) -> int:
        self._chosen = [self._product(row) for row in self._rows[provider]]
        return OK

    def _product(self, row: Row) -> FakeObject:
        """Without a GUID: of an older Windows, whose table ends before it."""
        methods = {
            0: fails(NO_INTERFACE, POINTER, POINTER),
            7: self._com.gives_text(row.name),
            8: gives(LONG, row.state),
            9: gives(LONG, row.signatures),
        }
        if not row.guid:
            return FakeObject(methods)
        newer = FakeObject({12: self._com.gives_text(row.guid)})
        self._newer.append(newer)

        def query(interface: int, out: int) -> int:
            wanted = uuid.UUID(bytes_le=ctypes.string_at(interface, 16))
            return put(out, POINTER, newer.address) if str(wanted) == PRODUCT2 else NO_INTERFACE

        return FakeObject({**methods, 0: ((POINTER, POINTER), query)})

    def _item(self, index: int, out: int) -> int:
        return put(out, ctypes.c_void_p, self._chosen[index].address)
