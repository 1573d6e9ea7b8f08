"""Tables as a device would answer them, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping

from probes.snmp.answer import Row, Table
from probes.snmp.values import oid


def table(rows: Mapping[str, Row] | None = None, end: str = "") -> Table:
    """Rows by their dotted index."""
    indexed = {oid(index): row for index, row in (rows or {}).items()}
    return Table(indexed, dict.fromkeys(indexed, 0.0), end)
