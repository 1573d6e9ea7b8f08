"""A chain of records: each link is made of its record and the link before it.

Who changes, removes or inserts a record changes every link after it. That the last links were not
all made again is only shown by a link that was written down elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

BEGIN = ""
"""What comes before the first link."""

Record = Mapping[str, Any]
"""Strings, whole numbers, booleans, None, and lists and mappings of such."""


def link(previous: str, record: Record) -> str:
    """64 hexadecimal digits (SHA-256). The order of the record's keys does not matter."""
    plain = json.dumps(
        record, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(f"{previous}\n{plain}".encode()).hexdigest()


def first_fault(rows: Iterable[tuple[Record, str]], before: str = BEGIN) -> int | None:
    """Position of the first record whose link does not fit; None if all do."""
    for place, (record, found) in enumerate(rows):
        if link(before, record) != found:
            return place
        before = found
    return None
