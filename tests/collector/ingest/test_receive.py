"""Acknowledgements: what is stored, what is a duplicate, what is refused, and when."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from collector.ingest.receive import Boots, Ingest
from collector.register.model import Agent
from collector.store.commit import Committer, NotCommittedError
from collector.store.memory import StoredReading
from collector.store.storehouse import Storehouse
from probes.catalog import Catalog
from probes.model import Role
from probes.wire import Ack, Batch, Push, Record, digest, pack, unpack
from tests.collector.store.stock import arrival, keep
from tests.collector.store.vocabulary import CATALOG, Rate

NOW = 1_763_000_000_000
UP = 5_000_000
AGENT = Agent(
    id="a1", school="s1", role=Role.PC, key_sha256=b"", enrolled_at=datetime(2025, 1, 1, tzinfo=UTC)
)


@dataclass
class Side:
    """A collector's receiving side without its network."""

    house: Storehouse
    ingest: Ingest
    committer: Committer

    async def push(self, *batches: Batch, boot: str = "boot-1") -> list[Ack]:
        push = Push(
            v=1, school="s1", session="session-1", wall=NOW, up=UP, boot=boot, batches=list(batches)
        )
        return await self.ingest.receive(push, AGENT, NOW)

    def stored(self) -> list[tuple[str, int]]:
        return [(a.session, a.seq) for a in self.house.journal.batches()]


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[Side]:
    house = Storehouse(tmp_path, CATALOG, lambda: NOW)
    committer = Committer(house.journal, house.joiner, house.take, house.writer, interval=0.001)
    ingest = Ingest(CATALOG, committer, Boots({}), {})
    house.on_sealed = ingest.forget
    running = asyncio.create_task(committer.run())
    yield Side(house, ingest, committer)
    committer.close()
    await running
    house.close()


def batch(seq: int, loss: float = 0.1, session: str = "session-1", **changes: object) -> Batch:
    record = Record(
        probe="echo",
        at=NOW - 1000,
        up=UP - 1000,
        values={"loss_ratio": loss, "rtt_seconds": 0.01},
    )
    body = pack([record], {})
    fields: dict[str, object] = {"boot": "boot-1", "sha256": digest(body), "body": body}
    return Batch(session=session, seq=seq, **{**fields, **changes})  # type: ignore[arg-type]


def results(acks: list[Ack]) -> list[str]:
    return [ack.result for ack in acks]


async def test_resent_batch_is_a_duplicate_and_stored_once(side: Side) -> None:
    assert results(await side.push(batch(1))) == ["stored"]
    assert results(await side.push(batch(1))) == ["duplicate"]
    assert side.stored() == [("session-1", 1)]


async def test_resent_batch_is_a_duplicate_after_sealing(side: Side) -> None:
    await side.push(batch(1), batch(2))
    side.house.seal()
    assert side.stored() == []
    assert results(await side.push(batch(1), batch(2), batch(3))) == [
        "duplicate",
        "duplicate",
        "stored",
    ]


async def test_same_number_with_other_content_is_refused(side: Side) -> None:
    await side.push(batch(1, loss=0.1))
    (ack,) = await side.push(batch(1, loss=0.2))
    assert ack.result == "rejected"
    assert "other content" in ack.why


async def test_twins_in_flight_are_stored_once_and_both_acknowledged(side: Side) -> None:
    first, second = await asyncio.gather(side.push(batch(1)), side.push(batch(1)))
    assert results(first) == results(second) == ["stored"]
    assert side.stored() == [("session-1", 1)]


async def test_nothing_is_acknowledged_when_the_commit_fails(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(side.house.journal, "commit", full)
        with pytest.raises(NotCommittedError):
            await side.push(batch(1))
    assert results(await side.push(batch(1))) == ["stored"]


async def test_client_that_hangs_up_while_waiting_does_not_make_a_double(side: Side) -> None:
    waiting = asyncio.create_task(side.push(batch(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await side.push(batch(2))
    assert results(await side.push(batch(1))) == ["duplicate"]
    assert side.stored() == [("session-1", 1), ("session-1", 2)]


async def test_faulty_batch_is_refused_and_its_neighbours_are_stored(side: Side) -> None:
    acks = await side.push(batch(1), batch(2, loss=1.5), batch(3, sha256=b"x" * 32), batch(4))
    assert results(acks) == ["stored", "rejected", "rejected", "stored"]
    assert "echo.loss_ratio" in acks[1].why
    assert "SHA-256" in acks[2].why


async def test_plain_readings_are_stored_like_packed_ones(side: Side) -> None:
    readings = [Record(probe="echo", at=NOW - 500, values={"loss_ratio": 0.25})]
    acks = await side.push(batch(1, body=b"", sha256=b"", readings=readings))
    assert results(acks) == ["stored"]
    side.house.fill()
    assert side.house.hot.latest.of("echo", "loss_ratio")[0][0] == 0.25


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (Record(probe="sonar", at=NOW, up=UP, values={"x": 1.0}), "no probe 'sonar'"),
        (Record(probe="echo", at=NOW, up=UP, values={"speed": 1.0}), "no metric 'speed'"),
        (
            Record(probe="echo", at=NOW, up=UP, values={"loss_ratio": 0.0}, labels={"room": "1"}),
            "labels",
        ),
        (Record(probe="echo", at=NOW, up=UP, values={"loss_ratio": float("inf")}), "bounds"),
        (Record(probe="echo", at=NOW, up=UP, values={"loss_ratio": -0.5}), "bounds"),
        (Record(probe="echo", at=NOW, up=UP + 700_000, values={"loss_ratio": 0.0}), "future"),
        (Record(probe="echo", at=NOW + 700_000, values={"loss_ratio": 0.0}), "future"),
        (Record(probe="echo", at=NOW - 36 * 86_400_000, values={"loss_ratio": 0.0}), "35 days"),
        (
            Record(probe="echo", at=NOW, up=UP, values={}, outcome="failed", reason="rain"),
            "no reason 'rain'",
        ),
        (
            Record(
                probe="echo",
                at=NOW,
                up=UP,
                values={"loss_ratio": 0.0},
                outcome="not_run",
                reason="deadline",
            ),
            "did not run",
        ),
    ],
)
async def test_content_that_the_catalog_does_not_know_is_refused_by_name(
    side: Side, record: Record, says: str
) -> None:
    body = pack([record], {})
    (ack,) = await side.push(batch(1, body=body, sha256=digest(body)))
    assert ack.result == "rejected"
    assert says in ack.why


async def test_wrong_wall_clock_is_corrected_by_the_boot_clock(side: Side) -> None:
    record = Record(probe="echo", at=1_000_000, up=UP - 60_000, values={"loss_ratio": 0.5})
    body = pack([record], {})
    await side.push(batch(1, body=body, sha256=digest(body)))
    side.house.fill()
    values, instants = side.house.hot.latest.of("echo", "loss_ratio")
    assert (values[0], instants[0]) == (0.5, NOW - 60_000)


async def test_reading_of_an_earlier_boot_that_was_seen_alive_is_dated(side: Side) -> None:
    await side.push(boot="boot-0")
    record = Record(probe="echo", at=1_000_000, up=UP - 90_000, values={"loss_ratio": 0.5})
    body = pack([record], {})
    await side.push(batch(1, body=body, sha256=digest(body), boot="boot-0"))
    side.house.fill()
    assert side.house.hot.latest.of("echo", "loss_ratio")[1][0] == NOW - 90_000


async def test_reading_of_a_boot_never_seen_alive_is_kept_out_of_latest(side: Side) -> None:
    record = Record(probe="echo", at=1_000_000, up=UP, values={"loss_ratio": 0.5})
    body = pack([record], {})
    acks = await side.push(batch(1, body=body, sha256=digest(body), boot="lost-boot"))
    assert results(acks) == ["stored"]
    side.house.fill()
    assert len(side.house.hot.latest.of("echo", "loss_ratio")[0]) == 0


async def test_garbage_body_is_refused_and_never_an_exception(side: Side) -> None:
    for number, body in enumerate((b"", b"\x00", b"\xc1" * 50, b"\x91\x90", b"\x91\x96" * 9)):
        (ack,) = await side.push(batch(number, body=body, sha256=digest(body)))
        assert ack.result == "rejected"


async def test_probe_with_nothing_but_not_run_is_stored(side: Side) -> None:
    records = [
        Record(probe="echo", at=NOW, up=UP, values={}, outcome="not_run", reason="no_privilege"),
        Record(probe="rate", at=NOW, up=UP, values={}, labels={"interface": ""}, outcome="not_run",
               reason="fault"),
    ]  # fmt: skip
    body = pack(records, {})
    assert results(await side.push(batch(1, body=body, sha256=digest(body)))) == ["stored"]
    side.house.fill()
    (run,) = side.house.store.last_runs("echo")
    assert (run.outcome, run.reason) == ("not_run", "no_privilege")


async def test_batch_without_readings_is_refused_and_does_not_hold_up_sealing(side: Side) -> None:
    empty = pack([], {})
    acks = await side.push(batch(1, body=empty, sha256=digest(empty)), batch(2))
    assert results(acks) == ["rejected", "stored"]
    assert sum(f.rows for f in side.house.seal()) == 1


async def test_refusal_names_only_the_value_of_its_own_batch(side: Side) -> None:
    first, second = await side.push(batch(1, loss=7.0), batch(2, loss=9.0))
    assert "7" in first.why
    assert "9" in second.why
    assert "7" not in second.why


async def test_version_beyond_bounds_harms_no_neighbour(side: Side) -> None:
    record = Record(probe="echo", at=NOW, up=UP, values={"loss_ratio": 0.1}, version=2**40)
    body = pack([record], {})
    acks = await side.push(batch(1, body=body, sha256=digest(body)), batch(2))
    assert results(acks) == ["rejected", "stored"]
    assert sum(f.rows for f in side.house.seal()) == 1


async def test_names_without_end_are_refused_within_a_budget(side: Side) -> None:
    records = [
        Record(probe="echo", at=NOW, up=UP, target=f"t{n}", values={"loss_ratio": 0.1})
        for n in range(6000)
    ]
    body = pack(records, {})
    (ack,) = await side.push(batch(1, body=body, sha256=digest(body)))
    assert ack.result == "rejected"
    assert "series" in ack.why


async def test_key_that_no_row_uses_is_refused(side: Side) -> None:
    records = [Record(probe="echo", at=NOW, up=UP, target=t, values={}) for t in ("a", "b")]
    (block,) = unpack(pack(records, {}))
    block.key, block.at, block.up = block.key[:2], block.at[:8], block.up[:8]
    body = msgspec.msgpack.encode([block])
    (ack,) = await side.push(batch(1, body=body, sha256=digest(body)))
    assert ack.result == "rejected"


async def test_plain_readings_that_cannot_be_packed_leave_nothing_in_flight(side: Side) -> None:
    readings = [
        Record(probe="echo", at=NOW, values={}, outcome="failed", reason=f"r{n}")
        for n in range(300)
    ]
    acks = await side.push(batch(1), batch(2, body=b"", sha256=b"", readings=readings))
    assert results(acks) == ["stored", "rejected"]
    assert results(await side.push(batch(1))) == ["duplicate"]


async def test_reading_ahead_of_our_clock_is_never_the_latest(side: Side) -> None:
    ahead = Record(probe="echo", at=NOW + 300_000, values={"loss_ratio": 0.9})
    body = pack([ahead], {})
    await side.push(batch(1), batch(2, body=body, sha256=digest(body)))
    side.house.fill()
    assert side.house.hot.latest.of("echo", "loss_ratio")[0][0] == 0.1


async def test_slow_line_does_not_shift_a_boots_clock(side: Side) -> None:
    late = Push(v=1, school="s1", session="session-1", wall=NOW, up=UP - 8_000, boot="boot-1")
    await side.push(batch(1))
    await side.ingest.receive(late, AGENT, NOW)
    assert side.ingest._boots.base("a1", "boot-1") == NOW - UP


async def test_rebuilt_window_holds_every_row_once(side: Side) -> None:
    await side.push(batch(1), batch(2))
    side.house.fill()
    (window,) = side.house.hot.windows
    side.house._db.execute(f"DELETE FROM {window.table('echo')} WHERE batch = 1")
    assert sum(f.rows for f in side.house.seal()) == 2


def test_batch_that_a_new_version_cannot_read_is_set_aside_and_comes_back(tmp_path: Path) -> None:
    house = Storehouse(tmp_path, CATALOG, lambda: NOW)
    keep(house, [arrival([echo_reading()])])
    house.close()
    poorer = Storehouse(tmp_path, Catalog([Rate]), lambda: NOW)
    assert (poorer.journal.count(), poorer.journal.unreadable()) == (0, 1)
    assert poorer.seal() == []
    poorer.close()
    again = Storehouse(tmp_path, CATALOG, lambda: NOW)
    assert sum(f.rows for f in again.seal()) == 1
    again.close()


def echo_reading() -> StoredReading:
    return StoredReading(
        probe="echo",
        at=datetime.fromtimestamp(NOW / 1000, UTC),
        school="s1",
        agent="a1",
        values={"loss_ratio": 0.5},
    )
