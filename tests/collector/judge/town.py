"""A made-up town to judge: schools, a catalog with a capacity probe, and a store of readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from collector.register.model import Agent, Link, School
from collector.store import LastRun
from collector.store.memory import MemoryStore, StoredReading
from probes.catalog import AnyProbe, Catalog
from probes.model import Better, Metric, Probe, Role, Unit
from probes.text import Text
from tests.fakes.capacity_probe import CapacityStandIn, capacity_reading

MBIT = 1_000_000
_NO_WORDS = Text("", "")


class PostureFirewall(Probe[object]):
    name = "posture_firewall"
    title = _NO_WORDS
    measures = (
        Metric(
            name="firewall_active",
            unit=Unit.BOOLEAN,
            better=Better.HIGHER,
            title=_NO_WORDS,
            meaning=_NO_WORDS,
            resolution=1,
        ),
    )
    roles = frozenset({Role.GATEWAY, Role.PC})


def catalog(*, with_capacity: bool = True) -> Catalog:
    probes: list[AnyProbe] = [PostureFirewall]
    return Catalog([*probes, CapacityStandIn] if with_capacity else probes)


class TownStore(MemoryStore):
    """`runs`: further runs, of which no reading is kept here."""

    def __init__(self, runs: Sequence[LastRun] = ()) -> None:
        super().__init__(catalog())
        self.runs = list(runs)

    def firewall(self, school: str, agent: str, at: datetime, value: float) -> None:
        self.readings.append(
            StoredReading(
                probe="posture_firewall",
                at=at,
                school=school,
                agent=agent,
                values={"firewall_active": value},
            )
        )

    def capacity(
        self,
        school: str,
        days: Iterable[date],
        mbits: Sequence[float | None],
        **labels: Any,
    ) -> None:
        """One reading for each of `mbits` on each of the days, from 8 in the morning."""
        for day in days:
            for number, mbit in enumerate(mbits):
                at = datetime.combine(day, time(), UTC) + timedelta(minutes=10 * number)
                self.readings.append(capacity_reading(school, at, mbit, **labels))

    def last_runs(self, probe: str, school: str | None = None) -> list[LastRun]:
        own = [r for r in self.runs if r.probe == probe and school in (None, r.school)]
        return own + super().last_runs(probe, school)


def school(
    code: str,
    area: str = "urban",
    classes: int | None = 12,
    contract: int | None = 100,
    *,
    shared: int = 0,
    adcode: str = "340199",
) -> School:
    """A school with one primary line; `contract` in Mbit/s."""
    line = Link(
        name="wan",
        contract_down_bits_per_second=None if contract is None else contract * MBIT,
        shared_classes=shared,
    )
    return School(
        code=code,
        name=f"{code}校",
        adcode=adcode,
        type_code="211",
        urban_code="111" if area == "urban" else "220",
        policy_area=area,
        classes=None if classes is None else {"primary": classes},
        links=(line,),
        revision=f"r-{code}",
    )


def with_links(one: School, *links: Link) -> School:
    return replace(one, links=links)


def agent(id: str, school: str, role: Role = Role.PC, *, revoked: bool = False) -> Agent:
    return Agent(
        id=id,
        school=school,
        role=role,
        key_sha256=b"",
        enrolled_at=datetime(2026, 9, 1, tzinfo=UTC),
        revoked=revoked,
    )
