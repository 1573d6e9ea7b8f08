"""The push door over real HTTP: every bad request gets its clear answer, a good one beside it is
stored."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from collector.api.push import PushDoor
from collector.ingest.inflate import NotGzipError, TooLargeError, inflate
from collector.ingest.receive import Boots, Ingest
from collector.register.model import Agent
from collector.store.commit import Committer
from collector.store.storehouse import Storehouse
from probes.model import Role
from probes.wire import (
    JSON,
    MAX_REQUEST_BYTES,
    MSGPACK,
    Batch,
    Problem,
    Push,
    PushReply,
    Record,
    decode,
    digest,
    encode,
    pack,
)
from tests.collector.store.vocabulary import CATALOG

NOW = 1_763_000_000_000
KEYS = {
    f"Bearer {name}.key": Agent(
        id=name,
        school=school,
        role=Role.PC,
        key_sha256=b"",
        enrolled_at=datetime(2025, 1, 1, tzinfo=UTC),
        revoked=name == "gone",
    )
    for name, school in (("a1", "s1"), ("a2", "s2"), ("gone", "s1"))
}


class Keys:
    def verify(self, header: str) -> Agent | None:
        return KEYS.get(header)


class Door:
    """A client of a collector whose network side really listens."""

    def __init__(self, house: Storehouse, url: str, session: aiohttp.ClientSession) -> None:
        self.house = house
        self.busy = False
        self._url = url
        self._session = session

    async def send(
        self, body: bytes, kind: str = MSGPACK, who: str = "a1", **headers: str
    ) -> tuple[int, PushReply | Problem]:
        given = {"Content-Type": kind, "Authorization": f"Bearer {who}.key", **headers}
        async with self._session.post(self._url, data=BytesIO(body), headers=given) as answer:
            data, type_ = await answer.read(), answer.content_type
            if answer.status == 200:
                return answer.status, decode(data, PushReply, type_)
            return answer.status, decode(data, Problem, type_)

    def stored(self) -> int:
        return len(list(self.house.journal.batches()))


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    house = Storehouse(tmp_path, CATALOG, lambda: NOW)
    committer = Committer(house.journal, house.joiner, house.take, house.writer, interval=0.001)
    ingest = Ingest(CATALOG, committer, Boots({}), {})
    async with aiohttp.ClientSession() as session:
        client = Door(house, "", session)
        push = PushDoor(
            ingest,
            Keys(),
            lambda _: "rev",
            lambda *_: None,
            lambda: NOW,
            "gen",
            lambda: client.busy,
        )
        application = web.Application(client_max_size=MAX_REQUEST_BYTES)
        application.router.add_post("/v1/push", push.handle)
        runner = web.AppRunner(application, access_log=None, auto_decompress=False)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        client._url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/push"
        running = asyncio.create_task(committer.run())
        yield client
        committer.close()
        await running
        await runner.cleanup()
    house.close()


def push(seq: int = 1, at: int = NOW, **changes: object) -> Push:
    body = pack([Record(probe="echo", at=at, values={"loss_ratio": 0.1})], {})
    fields: dict[str, object] = {
        "v": 1,
        "school": "s1",
        "session": "session-1",
        "wall": NOW,
        "batches": [Batch(session="session-1", seq=seq, sha256=digest(body), body=body)],
    }
    return Push(**{**fields, **changes})  # type: ignore[arg-type]


async def assert_good_push_is_still_stored(door: Door, seq: int = 99) -> None:
    before = door.stored()
    status, reply = await door.send(encode(push(seq)))
    assert status == 200
    assert isinstance(reply, PushReply)
    assert [a.result for a in reply.acks] == ["stored"]
    assert door.stored() == before + 1


async def test_reply_carries_clock_nonce_generation_and_wanted_configuration(door: Door) -> None:
    _, reply = await door.send(encode(push()))
    assert isinstance(reply, PushReply)
    assert (reply.now, reply.generation, reply.config) == (NOW, "gen", "rev")
    assert len(reply.nonce) >= 16


@pytest.mark.parametrize(
    ("body", "kind", "who", "headers", "status", "says"),
    [
        (encode(push())[:-20], MSGPACK, "a1", {}, 400, "not wire format 1"),
        (b"{" * 100_000, JSON, "a1", {}, 400, "not wire format 1"),
        (encode(push(session=7)), MSGPACK, "a1", {}, 400, "session"),
        (encode(push()), MSGPACK, "nobody", {}, 401, "enrol again"),
        (encode(push()), MSGPACK, "gone", {}, 403, "revoked"),
        (encode(push(school="s2")), MSGPACK, "a1", {}, 403, "another school"),
        (encode(push()), MSGPACK, "a2", {}, 403, "another school"),
        (encode(push(v=2)), MSGPACK, "a1", {}, 426, "wire format 1"),
        (encode(push()), "text/plain", "a1", {}, 415, "Content-Type"),
        (encode(push()), MSGPACK, "a1", {"Content-Encoding": "br"}, 415, "gzip"),
        (b"not gzip", MSGPACK, "a1", {"Content-Encoding": "gzip"}, 400, "damaged"),
        (
            gzip.compress(encode(push()))[:-4],
            MSGPACK,
            "a1",
            {"Content-Encoding": "gzip"},
            400,
            "short",
        ),
        (b"x" * (MAX_REQUEST_BYTES + 1), MSGPACK, "a1", {}, 413, "larger than"),
        (
            gzip.compress(bytes(64 * 1024 * 1024)),
            MSGPACK,
            "a1",
            {"Content-Encoding": "gzip"},
            413,
            "inflates to more",
        ),
    ],
    ids=[
        "truncated",
        "nested without end",
        "wrongly typed",
        "stranger",
        "revoked",
        "wrong school",
        "key of another school",
        "other version",
        "other type",
        "other encoding",
        "not gzip",
        "gzip cut short",
        "oversized",
        "compressed bomb",
    ],
)
async def test_bad_request_gets_its_clear_answer_and_harms_no_other(
    door: Door, body: bytes, kind: str, who: str, headers: dict[str, str], status: int, says: str
) -> None:
    got, problem = await door.send(body, kind, who, **headers)
    assert got == status
    assert isinstance(problem, Problem)
    assert says in problem.error
    assert problem.error_zh != problem.error
    assert door.stored() == 0
    await assert_good_push_is_still_stored(door)


async def test_replayed_push_is_a_duplicate(door: Door) -> None:
    captured = encode(push())
    await door.send(captured)
    _, reply = await door.send(captured)
    assert isinstance(reply, PushReply)
    assert [a.result for a in reply.acks] == ["duplicate"]
    assert door.stored() == 1


async def test_future_batch_is_refused_and_the_one_beside_it_stored(door: Door) -> None:
    both = push(1, at=NOW + 3_600_000)
    both.batches += push(2).batches
    _, reply = await door.send(encode(both))
    assert isinstance(reply, PushReply)
    assert [a.result for a in reply.acks] == ["rejected", "stored"]
    assert "future" in reply.acks[0].why
    assert "时钟" in reply.acks[0].why_zh


async def test_json_with_plain_readings_is_all_that_a_script_needs(door: Door) -> None:
    body = {
        "v": 1,
        "school": "s1",
        "session": "script-1",
        "wall": NOW,
        "batches": [
            {
                "session": "script-1",
                "seq": 1,
                "readings": [{"probe": "echo", "at": NOW, "values": {"loss_ratio": 0.5}}],
            }
        ],
    }
    status, reply = await door.send(json.dumps(body).encode(), JSON)
    assert status == 200
    assert isinstance(reply, PushReply)
    assert reply.acks[0].result == "stored"


async def test_busy_collector_says_when_to_come_again_and_keeps_nothing(door: Door) -> None:
    door.busy = True
    status, _ = await door.send(encode(push()))
    assert (status, door.stored()) == (503, 0)


def test_inflate_stops_at_the_limit_and_refuses_a_second_member() -> None:
    with pytest.raises(TooLargeError):
        inflate(gzip.compress(bytes(1001)), 1000)
    assert inflate(gzip.compress(bytes(1000)), 1000) == bytes(1000)
    with pytest.raises(NotGzipError):
        inflate(gzip.compress(b"a") + gzip.compress(b"b"), 1000)
