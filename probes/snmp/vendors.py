"""Who made a device, by the enterprise number in its sysObjectID: reads `vendors.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from probes.snmp.values import Oid
from probes.text import Text

FILE = Path(__file__).with_name("vendors.toml")
VERIFIED = ("recording", "secondary", "memory")
_ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)


@dataclass(frozen=True, slots=True)
class Vendor:
    name: Text
    is_product: bool
    """The number is that of software in the devices of many vendors, such as net-snmp."""


def enterprise(object_id: Oid) -> int | None:
    """Its number; None for an identifier that is not of an enterprise."""
    head = len(_ENTERPRISES)
    if object_id[:head] != _ENTERPRISES or len(object_id) <= head or not object_id[head]:
        return None
    return object_id[head]


def vendor_of(object_id: Oid) -> Vendor | None:
    """None when it is not listed."""
    number = enterprise(object_id)
    return None if number is None else load().get(number)


@cache
def load(path: Path = FILE) -> Mapping[int, Vendor]:
    """By enterprise number. Raises ValueError for one that stands there twice, or is not whole."""
    import tomllib

    found: dict[int, Vendor] = {}
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["vendor"]:
        if row["verified"] not in VERIFIED or not row["zh"] or not row["en"]:
            raise ValueError(f"{path.name}: {row['numbers']} needs `zh`, `en` and `verified`")
        for number in row["numbers"]:
            if number in found:
                raise ValueError(f"{path.name}: {number} is there twice")
            found[number] = Vendor(Text(row["zh"], row["en"]), row.get("product", False))
    return found
