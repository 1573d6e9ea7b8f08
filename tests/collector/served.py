"""A whole collector in the event loop of a test, as `banjun-collector serve` runs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from collector.app import Collector
from collector.register.model import School
from config.collector_settings import CollectorSettings
from probes.catalog import Catalog, discover
from probes.model import Role
from probes.wire import JSON, VERSION, Batch, EnrolRequest, Push, Record, encode

SCHOOL = School(code="9934000001", name="示例", adcode="340199")


@asynccontextmanager
async def serving(
    folder: Path, catalog: Catalog | None = None, **settings: object
) -> AsyncIterator[tuple[Collector, str]]:
    """A collector with one school, on loopback if `settings` say nothing else, and its URL."""
    given = CollectorSettings(port=0, **settings)  # type: ignore[arg-type]
    collector = Collector(given, folder, catalog or discover())
    collector.register.put_schools([SCHOOL], "me")
    collector.fleet.refresh()
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(collector.run(stop, listening.set_result))
    await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if running.done():
            await running
        yield collector, listening.result()
    finally:
        stop.set()
        await asyncio.gather(running, return_exceptions=True)


class Site:
    """A running collector with one enrolled agent, and a client."""

    def __init__(self, collector: Collector, url: str, client: aiohttp.ClientSession) -> None:
        self.collector = collector
        self._url = url
        self._client = client
        token = collector.register.create_token(SCHOOL.code, Role.GATEWAY, actor="me")
        request = EnrolRequest(VERSION, f"{token.id}.{token.secret}", "nonce-0001")
        enrolled = collector.register.enrol(request, "127.0.0.1")
        collector.directory.refresh()
        self.agent = enrolled.agent
        self._began = time.time_ns() // 1_000_000
        self._key = f"Bearer {enrolled.agent}.{enrolled.key}"

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Status, content type and text."""
        async with self._client.get(self._url + path, headers=headers) as answer:
            return answer.status, answer.headers["Content-Type"], await answer.text()

    async def push(
        self, seq: int, *, readings: int = 1, ahead: int = 0, authorization: str = "",
        **push: object,
    ) -> int:  # fmt: skip
        """The status of a push with one batch, the same each time; `push`: more of its fields.

        `ahead`: by how many ms its readings are in the future.
        """
        values = {"reachable": 1.0}
        records = [
            Record(
                probe="tcp_connect", at=self._began + ahead - n, target="platform", values=values
            )
            for n in range(readings)
        ]
        return await self.push_records(seq, records, authorization, **push)

    async def push_records(
        self, seq: int, records: list[Record], authorization: str = "", **push: object
    ) -> int:
        """The status of a push with one batch of these."""
        now = time.time_ns() // 1_000_000
        batch = Batch(session="session-1", seq=seq, readings=records)
        fields = {"v": VERSION, "school": SCHOOL.code, "session": "session-1", "wall": now, **push}
        body = encode(Push(batches=[batch], **fields), JSON)  # type: ignore[arg-type]
        headers = {"Content-Type": JSON, "Authorization": authorization or self._key}
        async with self._client.post(f"{self._url}/v1/push", data=body, headers=headers) as answer:
            return answer.status

    def sql(self, statement: str) -> None:
        """Said to the journal by its own connection."""
        house = self.collector.house
        house.writer.submit(house.journal._db.execute, statement).result()


@asynccontextmanager
async def site(folder: Path, catalog: Catalog | None = None) -> AsyncIterator[Site]:
    async with serving(folder, catalog) as (collector, url), aiohttp.ClientSession() as client:
        yield Site(collector, url, client)
