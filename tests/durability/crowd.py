"""Many agents that push at once, and remember what was acknowledged.

They behave as an agent may: what is not acknowledged is sent again byte for byte, in the same or in
other company; what was acknowledged comes again too, as if the answer had been lost; and some hang
up before the answer. Every row bears the number of its batch and its place in it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import aiohttp

from probes import wire
from tests.durability.contents import Row
from tests.durability.processes import PATIENCE, Enrolled

MOST_ROWS = 6
DAY_MS = 24 * 3600 * 1000
ANSWER_SECONDS = 5.0
AGAIN_SECONDS = 0.05
Key = tuple[str, str, int]


def number(seq: int, place: int) -> int:
    return seq * 1000 + place


class Client:
    """One agent in one session."""

    def __init__(self, enrolled: Enrolled, seed: int) -> None:
        self._who = enrolled
        self._dice = Random(seed)
        self._session = f"session-{seed:04}"
        self._made: list[wire.Batch] = []
        self._rows: dict[int, int] = {}
        self.acknowledged: set[int] = set()
        self.wrong: list[str] = []
        """Answers that a batch which was sealed and never changed must not get."""
        self._open: list[wire.Batch] = []
        self.duplicates = 0
        """Acknowledgements of batches that the collector knew already."""

    def rows(self, seqs: Sequence[int] | set[int]) -> Iterator[Row]:
        for seq in seqs:
            for place in range(self._rows[seq]):
                yield self._who.agent, self._session, "tick", number(seq, place)

    @property
    def made(self) -> set[int]:
        return set(self._rows)

    @property
    def is_done(self) -> bool:
        return not self._open

    async def push(self, http: aiohttp.ClientSession, url: str, *, fresh: bool) -> bool:
        """One push; whether there was an answer. `fresh`: with new batches."""
        dice = self._dice
        while fresh and len(self._open) < dice.randint(1, 4):
            self._open.append(self._batch())
        sent = self._open[: dice.randint(1, 8)]
        if self.acknowledged and dice.random() < 0.3:
            known = [b for b in self._made if b.seq in self.acknowledged]
            sent = [*sent, dice.choice(known)]
        patience = 0.01 if fresh and dice.random() < 0.1 else ANSWER_SECONDS
        push = wire.Push(
            v=wire.VERSION, school=self._who.school, session=self._session,
            wall=time.time_ns() // 1_000_000, batches=sent,
        )  # fmt: skip
        try:
            async with http.post(
                url, data=wire.encode(push), timeout=aiohttp.ClientTimeout(patience),
                headers={
                    "Content-Type": wire.MSGPACK, "Authorization": self._who.authorization,
                },
            ) as answer:  # fmt: skip
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if answer.status == 200:
            self._take(wire.decode(body, wire.PushReply), sent)
        elif answer.status not in (503, 507):
            self.wrong.append(f"{answer.status} {body!r}")
        return True

    def _take(self, reply: wire.PushReply, sent: Sequence[wire.Batch]) -> None:
        if [a.seq for a in reply.acks] != [b.seq for b in sent]:
            self.wrong.append(f"acks {reply.acks} for other batches")
        for ack in reply.acks:
            if ack.result == "rejected" or (
                ack.result == "stored" and ack.seq in self.acknowledged
            ):
                self.wrong.append(f"{ack}")
            self.duplicates += ack.result == "duplicate"
            self.acknowledged.add(ack.seq)
        self._open = [b for b in self._open if b.seq not in self.acknowledged]

    def _batch(self) -> wire.Batch:
        seq = len(self._made) + 1
        now = time.time_ns() // 1_000_000
        records = [
            wire.Record(
                probe="tick",
                at=now - DAY_MS * self._dice.randint(0, 1),
                target=f"t{self._dice.randint(1, 3)}",
                values={"tick_count": float(number(seq, place))},
            )
            for place in range(self._dice.randint(1, MOST_ROWS))
        ]
        body = wire.pack(records, {})
        batch = wire.Batch(session=self._session, seq=seq, sha256=wire.digest(body), body=body)
        self._made.append(batch)
        self._rows[seq] = len(records)
        return batch


class Crowd:
    """Clients that push as long as the block of `pushing` lasts."""

    def __init__(self, agents: Sequence[Enrolled], url: str) -> None:
        self.clients = [Client(agent, seed) for seed, agent in enumerate(agents)]
        self._url = url
        self.answers = 0

    @asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._drive(client, http)) for client in self.clients]
            yield
            for task in tasks:
                task.cancel()

    async def _drive(self, client: Client, http: aiohttp.ClientSession) -> None:
        while True:
            if await client.push(http, self._url, fresh=True):
                self.answers += 1
            else:
                await asyncio.sleep(AGAIN_SECONDS)

    async def answered(self, count: int) -> None:
        """Wait for so many more answers."""
        wanted = self.answers + count
        async with asyncio.timeout(PATIENCE):
            while self.answers < wanted:  # noqa: ASYNC110 - many clients count
                await asyncio.sleep(0.005)

    async def finish(self) -> None:
        """Send what was not acknowledged until it is; nothing new."""
        async with (
            aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group
        ):  # fmt: skip
            for client in self.clients:
                group.create_task(self._finish(client, http))

    async def _finish(self, client: Client, http: aiohttp.ClientSession) -> None:
        while not client.is_done:
            if not await client.push(http, self._url, fresh=False):
                await asyncio.sleep(AGAIN_SECONDS)

    def acknowledged(self) -> Counter[Row]:
        return Counter(r for c in self.clients for r in c.rows(c.acknowledged))

    def made(self) -> Counter[Row]:
        return Counter(r for c in self.clients for r in c.rows(c.made))

    def duplicates(self) -> int:
        return sum(client.duplicates for client in self.clients)

    def wrong(self) -> list[str]:
        return [text for client in self.clients for text in client.wrong]
