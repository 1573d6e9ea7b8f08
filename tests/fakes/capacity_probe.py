"""Stands in for the probe `capacity`: the names under which its readings are stored, and nothing
that measures."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from collector.store.memory import StoredReading
from probes.catalog import AnyProbe, Catalog, discover
from probes.model import Better, Metric, Outcome, Probe, Role, Unit
from probes.text import Text

_MBIT = 1_000_000


def _metric(name: str, unit: Unit, better: Better) -> Metric:
    return Metric(
        name=name,
        unit=unit,
        better=better,
        title=Text(name, name),
        meaning=Text(name, name),
        resolution=1e-6,
    )


_RATE = Unit.BITS_PER_SECOND


class CapacityStandIn(Probe[object]):
    name = "capacity"
    title = Text("线路容量", "Capacity of the line")
    measures = (
        _metric("capacity_bits_per_second", _RATE, Better.HIGHER),
        _metric("used_bits_per_second", _RATE, Better.NEITHER),
        _metric("available_bits_per_second", _RATE, Better.HIGHER),
        _metric("spent_bytes", Unit.BYTES, Better.LOWER),
        _metric("spread_ratio", Unit.RATIO, Better.LOWER),
        _metric("added_rtt_seconds", Unit.SECONDS, Better.LOWER),
    )
    labels: ClassVar[dict[str, Text]] = {
        label: Text(label, label)
        for label in ("direction", "tier", "validity", "why", "layer", "vantage")
    }
    reasons: ClassVar[dict[str, Text]] = {
        "blocked": Text("测速的包被拦截。", "What was sent did not get through."),
        "not_sentinel": Text("由另一台机器测速。", "Another machine does the measuring."),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})


def with_capacity(catalog: Catalog | None = None) -> Catalog:
    """All probes of this version, `capacity` among them."""
    found = discover() if catalog is None else catalog
    others: list[AnyProbe] = [found[name] for name in found if name != "capacity"]
    return Catalog([*others, CapacityStandIn])


def capacity_reading(
    school: str,
    at: datetime,
    mbit: float | None = None,
    *,
    used: float | None = None,
    available: float | None = None,
    target: str = "line",
    agent: str = "gw",
    direction: str = "down",
    tier: str = "t1",
    validity: str = "valid",
    why: str = "",
    layer: str = "ip",
    vantage: str = "gateway",
) -> StoredReading:
    """As the probe's readings are stored; rates in Mbit/s, None where there is none."""
    rates = {"capacity": mbit, "used": used, "available": available}
    values = {f"{n}_bits_per_second": v * _MBIT for n, v in rates.items() if v is not None}
    blocked = validity == "blocked"
    return StoredReading(
        probe="capacity",
        at=at,
        school=school,
        agent=agent,
        target=target,
        values={**values, "spent_bytes": 0.0 if tier == "t0" else 600_000.0},
        labels={
            "direction": direction,
            "tier": tier,
            "validity": validity,
            "why": why,
            "layer": layer,
            "vantage": vantage,
        },
        outcome=Outcome.FAILED if blocked else Outcome.OK,
        reason="blocked" if blocked else "",
    )
