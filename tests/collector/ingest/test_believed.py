"""No PC speaks for its school's network, whoever sits in front of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from collector.ingest.believed import OF_THE_SCHOOL
from collector.ingest.receive import Boots, Ingest
from collector.lan.schedule import load_lan_tasks
from collector.store.commit import Committer
from collector.store.storehouse import Storehouse
from probes.catalog import discover
from probes.model import Role
from probes.wire import Ack, Batch, Push, Record
from tests.collector.ingest.test_receive import AGENT, NOW, UP

LEASE = Record(
    probe="dhcp_lease", at=NOW - 1000, up=UP - 1000, values={"seen": 1}, version=1,
    labels={"interface": "eth0", "server": "10.1.0.1", "router": "10.1.0.1", "resolvers": "-"},
)  # fmt: skip
OFFER = Record(
    probe="dhcp_offers", at=NOW - 1000, up=UP - 1000, target="lan", values={"seen": 1},
    labels={"server": "10.1.0.9", "mac": "3c:46:d8:00:00:66", "router": "-", "resolvers": "-"},
)  # fmt: skip


async def pushed(folder: Path, role: Role, *records: Record) -> list[Ack]:
    """What a collector answers to an agent of that role, for one batch each."""
    house = Storehouse(folder, discover(), lambda: NOW)
    committer = Committer(house.journal, house.joiner, house.take, house.writer, interval=0.001)
    ingest = Ingest(discover(), committer, Boots({}), {})
    running = asyncio.create_task(committer.run())
    batches = [Batch(session="session-1", seq=n, readings=[r]) for n, r in enumerate(records)]
    push = Push(v=1, school="s1", session="session-1", wall=NOW, up=UP, batches=batches)
    try:
        return await ingest.receive(push, replace(AGENT, role=role), NOW)
    finally:
        committer.close()
        await running
        house.close()


async def test_pc_tells_of_its_own_lease_and_not_of_offers_to_all(tmp_path: Path) -> None:
    own, alien = await pushed(tmp_path, Role.PC, LEASE, OFFER)
    assert (own.result, alien.result) == ("stored", "rejected")
    assert "dhcp_offers are taken from gateways and sentinels alone" in alien.why


async def test_sentinel_and_gateway_tell_of_both(tmp_path: Path) -> None:
    for role in (Role.SENTINEL, Role.GATEWAY):
        answers = await pushed(tmp_path / role, role, LEASE, OFFER)
        assert [answer.result for answer in answers] == ["stored", "stored"]


def test_all_that_is_scheduled_for_a_school_is_barred_to_pcs() -> None:
    assert {row.task.probe for row in load_lan_tasks(discover())} == OF_THE_SCHOOL
