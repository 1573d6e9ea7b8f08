"""Probes that list everybody on a network, pupils' phones too.

Of their readings people and other programs get those about the whole, labelled `all`; of single
cards only the inventory speaks, which leaves phones out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EVERYBODY = frozenset({"arp_sweep", "snmp_arp", "snmp_fdb"})
CARD, ALL = "mac", "all"
TELLING = (CARD, "address")
"""Labels that name somebody's machine."""


def is_about_one(probe: str, labels: Mapping[str, str]) -> bool:
    """Whether a reading with these labels is about a single card."""
    return probe in EVERYBODY and labels.get(CARD, "") not in ("", ALL)


def asks_for_one(probe: str, by: Sequence[str], where: Mapping[str, str | Sequence[str]]) -> bool:
    """Whether the answer to a question would name single machines."""
    if probe not in EVERYBODY:
        return False
    if where.get(CARD) in (ALL, (ALL,), [ALL]):
        return False
    return any(label in by or label in where for label in TELLING)
