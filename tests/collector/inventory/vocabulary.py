"""Probes as the inventory expects them, so that its tests do not hang on any instrument."""

from __future__ import annotations

from probes.catalog import AnyProbe, Catalog
from probes.metrics import SEEN
from probes.model import Better, Metric, Probe, Role, Unit
from probes.text import Text

_WORDS = Text("测试", "test")


def _metric(name: str, unit: Unit = Unit.COUNT) -> Metric:
    return Metric(
        name=name,
        unit=unit,
        better=Better.NEITHER,
        title=_WORDS,
        meaning=_WORDS,
        resolution=0.001,
        minimum=0,
    )


def _probe(name: str, labels: tuple[str, ...], *measures: Metric) -> AnyProbe:
    given = {
        "name": name,
        "title": _WORDS,
        "measures": measures,
        "labels": dict.fromkeys(labels, _WORDS),
        "roles": frozenset(Role),
    }
    return type(name, (Probe,), given)


PROBES = (
    _probe("presence", (), _metric("beat_count_total")),
    _probe("own_addresses", ("interface", "mac", "address", "medium"), SEEN),
    _probe(
        "arp_sweep",
        ("address", "mac"),
        SEEN,
        _metric("hosts_count"),
        _metric("randomised_count"),
    ),
    _probe("snmp_arp", ("address", "mac"), SEEN),
    _probe("snmp_fdb", ("interface", "mac", "vlan"), SEEN, _metric("mac_count")),
    _probe("snmp_neighbours", ("interface", "neighbour", "neighbour_port", "capabilities"), SEEN),
    _probe(
        "snmp_system",
        ("vendor", "object_id", "name", "description"),
        _metric("uptime_seconds", Unit.SECONDS),
    ),
    _probe("gateway_mac", ("interface", "address", "mac"), SEEN, _metric("changes_count")),
    _probe("pjlink", (), _metric("on", Unit.BOOLEAN)),
    _probe("printer", ("supply",), _metric("pages_count")),
    _probe("ups", (), _metric("charge_ratio", Unit.RATIO)),
)
CATALOG = Catalog(list(PROBES))
