"""What the interfaces of a device are called, so that all instruments call them alike."""

from __future__ import annotations

from collections.abc import Mapping

from probes.snmp import interfaces
from probes.snmp.answer import Table
from probes.snmp.probe import ALL

INTERFACES = "interfaces"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    INTERFACES: {column: interfaces.COLUMNS[column] for column in ("name", "descr")}
}


def names(table: Table) -> dict[int, str]:
    """By ifIndex, as snmp_interfaces labels them."""
    return {index[0]: port.name for index, port in interfaces.ports_of(table, ALL).items()}
