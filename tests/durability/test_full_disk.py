"""A collector whose disk is full says so, keeps what it has, and goes on when there is room."""

from __future__ import annotations

import http.client
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from collector.app import milliseconds
from collector.store.merger import MergeError
from collector.store.storehouse import Storehouse
from probes import wire
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG
from tests.durability.ballast import Ballast
from tests.durability.children import WORK
from tests.durability.contents import Row, file_kinds, stored, strangers
from tests.durability.processes import (
    CollectorProgram,
    Enrolled,
    found_school,
    free_port,
    wait_until,
)
from tests.durability.sample import answered, many_readings

pytestmark = pytest.mark.root

ROWS = 400
"""In a batch: enough for a full disk to be felt soon."""
FULL = (507, 503)


class Agent:
    """Pushes over one connection, one batch at a time."""

    def __init__(self, port: int, enrolled: Enrolled) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._who = enrolled
        self._rows: dict[int, list[int]] = {}

    def batch(self) -> wire.Batch:
        seq = len(self._rows) + 1
        self._rows[seq] = [random.getrandbits(48) for _ in range(ROWS)]
        now = milliseconds()
        body = wire.pack(
            [
                wire.Record(probe="tick", at=now, target="t", values={"tick_count": float(n)})
                for n in self._rows[seq]
            ],
            {},
        )
        return wire.Batch(session="session-1", seq=seq, sha256=wire.digest(body), body=body)

    def push(self, batch: wire.Batch) -> tuple[int, str]:
        """The status, and what was said: the acknowledgement, or when to come again."""
        push = wire.Push(
            v=wire.VERSION, school=self._who.school, session="session-1", wall=milliseconds(),
            batches=[batch],
        )  # fmt: skip
        headers = {"Content-Type": wire.MSGPACK, "Authorization": self._who.authorization}
        self._http.request("POST", "/v1/push", wire.encode(push), headers)
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != 200:
            return answer.status, answer.headers.get("Retry-After", "")
        (ack,) = wire.decode(body, wire.PushReply).acks
        return 200, ack.result

    def get(self, path: str) -> int:
        self._http.request("GET", path)
        answer = self._http.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        self._http.close()

    def rows(self) -> Counter[Row]:
        return Counter(
            (self._who.agent, "session-1", "tick", n) for rows in self._rows.values() for n in rows
        )


class Site:
    """A collector on a small disk, and an agent that pushes to it."""

    def __init__(self, disk: Path, folder: Path) -> None:
        self.data_dir = disk / "data"
        self.ballast = Ballast(disk)
        port = free_port()
        _, (enrolled,) = found_school(self.data_dir, f"http://127.0.0.1:{port}", 1)
        self.log = folder / "collector.log"
        self.collector = CollectorProgram(
            self.data_dir, port, 1.0, diary=folder / "diary", log=self.log
        )
        self.agent = Agent(port, enrolled)

    def has_failed_to_seal(self) -> bool:
        return "seal failed" in self.log.read_text()


@pytest.fixture
def site(small_disk: Path, tmp_path: Path) -> Iterator[Site]:
    made = Site(small_disk, tmp_path)
    made.collector.start()
    yield made
    made.agent.close()
    made.collector.close()


def test_full_disk_is_answered_with_come_again_and_nothing_is_lost(site: Site) -> None:
    agent = site.agent
    assert agent.push(agent.batch()) == (200, "stored")
    site.ballast.leave(0)

    refused: list[wire.Batch] = []
    while len(refused) < 3:
        batch = agent.batch()
        status, said = agent.push(batch)
        if status != 200:
            assert status in FULL
            assert int(said) > 0
            refused.append(batch)
        assert batch.seq < 2000
    wait_until(site.has_failed_to_seal, "a sealing that fails")
    assert agent.push(refused[0])[0] in FULL
    assert agent.get("/healthz") == 200
    assert agent.get("/") == 503  # it shows detail, and nobody could say later who read it
    assert site.collector.is_running

    site.ballast.drop()
    assert agent.get("/") == 200
    assert [agent.push(batch) for batch in refused] == [(200, "stored")] * 3
    assert [agent.push(batch) for batch in refused] == [(200, "duplicate")] * 3
    assert site.collector.end(signal.SIGTERM) == 0
    assert stored(site.data_dir) == agent.rows()
    assert strangers(site.data_dir) == []


def is_done(work: str, house: Storehouse, data_dir: Path) -> bool:
    if work == "seal":
        return house.journal.count() == 0
    return file_kinds(data_dir) == {"day", "hour"}


@pytest.mark.parametrize("work", ["seal", "merge"])
def test_work_that_finds_the_disk_full_costs_nothing_and_succeeds_later(
    work: str, small_disk: Path
) -> None:
    data_dir = small_disk / "data"
    ballast = Ballast(small_disk)
    house = Storehouse(data_dir, CATALOG, milliseconds)
    try:
        stock(house, many_readings(0), each=500)
        if work == "merge":
            house.seal()
            stock(house, many_readings(3000), each=500)
            house.seal()
        rows = stored(data_dir)
        failures = 0
        for free in range(0, 400_000, 10_000):
            ballast.leave(free)
            with suppress(duckdb.Error, sqlite3.Error, OSError, MergeError):
                WORK[work](house)
            if is_done(work, house, data_dir):
                break
            failures += 1
            assert answered(house) == rows.total(), free
            assert strangers(data_dir) == [], free
        assert failures > 3
        assert is_done(work, house, data_dir)
        assert answered(house) == rows.total()
    finally:
        house.close()
    assert stored(data_dir) == rows
    assert strangers(data_dir) == []
