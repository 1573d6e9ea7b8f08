"""Who names ever new machines is stopped, and nobody is stopped by a term of normal life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collector.ingest.believed import BARRED
from collector.store.columns import SERIES_A_DAY, Joiner
from collector.store.memory import StoredReading
from probes.catalog import discover
from probes.model import Role
from tests.collector.store.stock import arrival

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)


def cards(at: datetime, first: int, probe: str = "arp_sweep") -> list[StoredReading]:
    """A thousand that were never seen before."""
    return [
        StoredReading(
            probe=probe,
            at=at,
            school="s1",
            agent="a1",
            target="10.1.0.0/22",
            values={"seen": 1.0},
            labels={"address": "10.1.0.9", "mac": f"00:25:9e:{n.to_bytes(3).hex(':')}"},
        )
        for n in range(first, first + 1000)
    ]


def refused(joiner: Joiner, readings: list[StoredReading], role: Role = Role.SENTINEL) -> bool:
    batch = arrival(readings, barred=BARRED.get(role, frozenset()))
    joiner.join([batch])
    return batch.fault is not None


def test_sentinel_that_sees_new_machines_each_day_is_heard_all_term() -> None:
    joiner = Joiner(discover())
    for day in range(20):
        assert not refused(joiner, cards(MONDAY + timedelta(days=day), day * 1000))


def test_flood_in_one_probe_keeps_none_of_the_others_out() -> None:
    joiner = Joiner(discover())
    found = [refused(joiner, cards(MONDAY, n)) for n in range(0, SERIES_A_DAY + 2000, 1000)]
    assert found[-1]
    assert not refused(joiner, cards(MONDAY, 0, probe="snmp_arp"))


def test_pc_has_one_budget_for_all_that_it_says() -> None:
    joiner = Joiner(discover())

    def leases(first: int, probe: str) -> list[StoredReading]:
        return [
            StoredReading(
                probe=probe, at=MONDAY, school="s1", agent="pc", target="local",
                values={"seen": 1.0},
                labels={"interface": f"eth{n}", "server": "-", "router": "-", "resolvers": "-"},
            )
            for n in range(first, first + 1000)
        ]  # fmt: skip

    found = [refused(joiner, leases(n, "dhcp_lease"), Role.PC) for n in range(0, 6000, 1000)]
    assert found == [False] * 5 + [True]
