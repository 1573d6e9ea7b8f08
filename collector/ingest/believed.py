"""Who may say what: readings about the whole network come from gateways and dedicated sentinels.

An agent could send readings of any probe. A PC in a classroom that somebody took over would frame
another machine by them, call its own attack over, or invent the counters of the school's line.
"""

from __future__ import annotations

from collections.abc import Mapping

from probes.model import Role

OF_THE_SCHOOL = frozenset(
    {
        "arp_sweep",
        "dhcp_offers",
        "lan_watch",
        "name_poisoning",
        "pjlink",
        "printer",
        "router_adverts",
        "snmp_arp",
        "snmp_fdb",
        "snmp_interfaces",
        "snmp_neighbours",
        "snmp_system",
        "snmp_wireless",
        "ups",
    }
)
"""Probes that one agent at a time runs for its school, by [[lan.task]] of the schedule."""
BARRED: Mapping[Role, frozenset[str]] = {Role.PC: OF_THE_SCHOOL}
"""Probes of which a role's readings are refused."""
