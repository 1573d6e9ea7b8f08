"""Where a device is and whose: its switch port, its maker, and the agent whose card it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from collector.inventory.maker import maker_of
from collector.lan.facts import ALL, LEARNED, OWN
from collector.lan.kept import Kept
from collector.register.model import Agent
from collector.store import MetricRef, Store
from probes.catalog import Catalog

_COUNT = MetricRef("snmp_fdb", "mac_count")
_FAR = float("inf")
Place = tuple[str, datetime]


def located(
    findings: Iterable[Kept], store: Store, catalog: Catalog, agents: Mapping[str, Agent]
) -> dict[Kept, Kept]:
    """Those of which more is known than before, with it. Two or three questions for all of them."""
    wanted = [kept for kept in findings if kept.mac]
    if not wanted:
        return {}
    macs = sorted({kept.mac for kept in wanted})
    schools = sorted({kept.watched.school for kept in wanted})
    ports = _ports(store, catalog, schools, macs)
    owners = _owners(store, catalog, schools, macs)
    changed = {}
    for kept in wanted:
        key = kept.watched.school, kept.mac
        port, at = ports.get(key, (kept.port, kept.port_at))
        owner = agents.get(owners.get(key, ""))
        better = replace(
            kept,
            vendor=kept.vendor or maker_of(kept.mac),
            port=port,
            port_at=at,
            owner=(owner.hostname or owner.id[:8]) if owner is not None else kept.owner,
        )
        if better != kept:
            changed[kept] = better
    return changed


def _ports(
    store: Store, catalog: Catalog, schools: list[str], macs: list[str]
) -> dict[tuple[str, str], Place]:
    """Of the ports at which a MAC was learned, the one with the fewest: the others lead there."""
    if LEARNED.probe not in catalog:
        return {}
    by = ("school", "mac", "target", "interface")
    learned = store.latest(LEARNED, by, {"school": schools, "mac": macs})
    if not learned:
        return {}
    counts = _counts(store, catalog, schools)
    best: dict[tuple[str, str], tuple[float, float, str, datetime]] = {}
    for (school, mac, switch, port), latest in learned.items():
        many = counts.get((school, switch, port), _FAR)
        rank = (many, -latest.at.timestamp(), f"{switch} {port}".strip(), latest.at)
        best[school, mac] = min(best.get((school, mac), rank), rank)
    return {key: (name, at) for key, (_, _, name, at) in best.items()}


def _counts(store: Store, catalog: Catalog, schools: list[str]) -> dict[tuple[str, ...], float]:
    if _COUNT.metric not in {metric.name for metric in catalog[_COUNT.probe].measures}:
        return {}
    by = ("school", "target", "interface")
    found = store.latest(_COUNT, by, {"school": schools, "mac": ALL})
    return {key: latest.value for key, latest in found.items()}


def _owners(
    store: Store, catalog: Catalog, schools: list[str], macs: list[str]
) -> dict[tuple[str, str], str]:
    if OWN.probe not in catalog:
        return {}
    found = store.latest(OWN, ("school", "mac", "agent"), {"school": schools, "mac": macs})
    newest = sorted((latest.at, key) for key, latest in found.items())
    return {(school, mac): agent for _, (school, mac, agent) in newest}
