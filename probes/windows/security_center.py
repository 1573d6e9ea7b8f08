"""Which products are registered in Windows' security centre, and what each says of itself.

The state comes from its own interface (IWSCProductList, Windows 8 and later). The registry keeps
the same list, with the path of each program but a state that Microsoft does not document: it tells
where a product lives, and stands in where the interface gives no answer. Windows Server has no
security centre. Names are localised: a product is told by its GUID or by the data file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from probes.model import ProbeError
from probes.windows import com
from probes.windows.com import LONG, POINTER, ULONG, Object
from probes.windows.system import read_keys, read_values

_LIST = "17072f7b-9abe-4a74-a261-1eb76b55107a"
_IWSC_PRODUCT_LIST = "722a338c-6e8e-4e72-ac27-1417fb0c81c2"
_INITIALIZE, _COUNT, _ITEM = 7, 8, 9
_NAME, _STATE, _SIGNATURES = 7, 8, 9
_QUERY_INTERFACE, _IWSC_PRODUCT2, _GUID = 0, "f896ca54-fe09-4403-86d4-23cb488d81d8", 12
"""The table of an older Windows ends before the GUID: only who knows the newer interface has it."""
_MOST = 32

_ON, _STATES = 0, 4
"""On, off, snoozed, expired."""
_OUT_OF_DATE, _UP_TO_DATE = 0, 1

COM, REGISTRY = "com", "registry"
_LABEL_LETTERS = 32


class Kind(Enum):
    """What a product is registered as: its number, and its key in the registry."""

    FIREWALL = (0x1, "Fw")
    ANTIVIRUS = (0x4, "Av")


MIRROR = r"SOFTWARE\Microsoft\Security Center\Provider"


@dataclass(frozen=True, slots=True)
class Registered:
    """One row. None and "" for what it does not say.

    Attributes:
        guid: of the product, in lower case with braces.
        enabled: whether it says that it is on; snoozed and expired are not on.
        signatures_current: whether it says that its signatures are new enough.
        programs: paths of its programs, with variables such as %ProgramFiles% as they stand.
        source: COM or REGISTRY, wherever `enabled` comes from.
    """

    name: str
    guid: str
    enabled: bool | None
    signatures_current: bool | None
    programs: tuple[str, ...] = ()
    source: str = COM

    @property
    def word(self) -> str:
        """A label for a product that nobody knows: from its name, else from its GUID.

        A name without Western letters leaves nothing, and two such products must stay two.
        """
        words = re.findall(r"[a-z][a-z0-9]+", self.name.lower(), re.ASCII)
        digits = re.sub(r"[^0-9a-f]", "", self.guid)[:8]
        return "-".join(words)[:_LABEL_LETTERS].rstrip("-") or f"other-{digits or 'unnamed'}"


def registered(kind: Kind) -> list[Registered] | None:
    """All rows; None when neither the interface nor the registry answers, as on Windows Server."""
    try:
        kept = _kept(kind)
    except (OSError, ProbeError):
        kept = []
    try:
        told = _told(kind)
    except (OSError, ProbeError):
        return kept or None
    return joined(told, kept)


def joined(told: list[Registered], kept: list[Registered]) -> list[Registered]:
    """What the interface told, with the programs that the registry keeps; never a row more."""
    programs = {row.guid: row.programs for row in kept if row.guid}
    named = {row.name: row.programs for row in kept}
    return [
        replace(row, programs=programs.get(row.guid) or named.get(row.name, ())) for row in told
    ]


def _told(kind: Kind) -> list[Registered]:
    with com.apartment(), com.made(_LIST, _IWSC_PRODUCT_LIST) as products:
        products.call(_INITIALIZE, (ULONG, kind.value[0]))
        many = min(products.number(_COUNT), _MOST)
        found = []
        for index in range(many):
            with products.child(_ITEM, (ULONG, index)) as product:
                found.append(_product(product, kind))
        return found


def _product(product: Object, kind: Kind) -> Registered:
    state = product.number(_STATE, LONG)
    signatures = product.number(_SIGNATURES, LONG) if kind is Kind.ANTIVIRUS else None
    name, guid = product.text(_NAME), _guid(product)
    return Registered(name, guid, _is_on(state), _is_current(signatures))


def _guid(product: Object) -> str:
    try:
        with product.child(_QUERY_INTERFACE, (POINTER, com.guid(_IWSC_PRODUCT2))) as newer:
            return newer.text(_GUID).lower()
    except ProbeError:
        return ""


def _is_on(state: int) -> bool | None:
    return state == _ON if 0 <= state < _STATES else None


def _is_current(status: int | None) -> bool | None:
    return status == _UP_TO_DATE if status in (_OUT_OF_DATE, _UP_TO_DATE) else None


def _kept(kind: Kind) -> list[Registered]:
    place = rf"{MIRROR}\{kind.value[1]}"
    rows = [(key, read_values(rf"{place}\{key}")) for key in read_keys(place)]
    return [parse_row(key, values, kind) for key, values in rows]


def parse_row(key: str, values: Mapping[str, object], kind: Kind) -> Registered:
    """A row as the registry keeps it; WMI (root/SecurityCenter2) has the same under other names."""
    fields = {name.lower(): value for name, value in values.items()}
    name = _text(fields, "displayname")
    guid = _text(fields, "guid", "instanceguid") or key
    paths = (_text(fields, "reportingexe", "pathtosignedreportingexe"),
             _text(fields, "productexe", "pathtosignedproductexe"))  # fmt: skip
    enabled, current = decoded(fields.get("state", fields.get("productstate")))
    return Registered(
        name,
        guid.lower(),
        enabled,
        current if kind is Kind.ANTIVIRUS else None,
        tuple(path for path in paths if path),
        REGISTRY,
    )


def _text(fields: Mapping[str, object], *names: str) -> str:
    found = (fields.get(name) for name in names)
    return next((value.strip("\0 ") for value in found if isinstance(value, str)), "")


def decoded(state: object) -> tuple[bool | None, bool | None]:
    """Whether a product is on and its signatures are new, from `productState`.

    Microsoft does not document the number. Of its three lower bytes the middle one's upper half is
    the state (off, on, snoozed, expired), the lowest one's the signatures (0 new, 1 old). Whatever
    was never seen elsewhere is unknown.
    """
    if not isinstance(state, int) or isinstance(state, bool) or not 0 <= state < 2**32:
        return None, None
    enabled = {0: False, 1: True, 2: False, 3: False}.get(state >> 12 & 0xF)
    current = {0: True, 1: False}.get(state >> 4 & 0xF)
    return enabled, current
