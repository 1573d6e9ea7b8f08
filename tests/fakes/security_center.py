"""Windows' security centre: its list as objects of COM, and its mirror in the registry."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

from probes.windows.com import LONG, POINTER, ULONG
from tests.fakes.com import FAILED, OK, FakeCom, FakeObject, fails, gives, put

LIST = "17072f7b-9abe-4a74-a261-1eb76b55107a"
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
        com.classes[LIST] = FakeObject(
            {
                7: ((ULONG,), self._initialise),
                8: ((POINTER,), lambda out: put(out, LONG, len(self._chosen))),
                9: ((ULONG, POINTER), self._item),
            }
        )

    def _initialise(self, provider: int) -> int:
        self._chosen = [
            FakeObject(
                {
                    7: self._com.gives_text(row.name),
                    8: gives(LONG, row.state),
                    9: gives(LONG, row.signatures),
                    12: self._com.gives_text(row.guid) if row.guid else fails(FAILED, POINTER),
                }
            )
            for row in self._rows[provider]
        ]
        return OK

    def _item(self, index: int, out: int) -> int:
        return put(out, ctypes.c_void_p, self._chosen[index].address)
