"""POST /v1/export over real HTTP: who may, and what is said to what cannot be done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from collector.api.export import ExportDoor
from collector.api.guard import Guard
from collector.export.export import NoEngineError
from collector.web.admin_key import AdminKey

from .web_scene import KEY

BEARER = {"Authorization": f"Bearer {KEY}"}


class Archive:
    """Stands for the export of a collector; `asked` is from which days it was to be sent again."""

    def __init__(self) -> None:
        self.asked: list[date] = []
        self.engine = True

    def owe_all(self, since: date) -> int:
        if not self.engine:
            raise NoEngineError
        self.asked.append(since)
        return 1234


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
async def url(archive: Archive) -> AsyncIterator[str]:
    application = web.Application()
    door = ExportDoor(archive, Guard(AdminKey(KEY)))  # type: ignore[arg-type]
    application.add_routes(door.routes())
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/export"
    await runner.cleanup()


async def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as got:
        return got.status, await got.json()


async def test_export_from_a_day_on_says_how_many_rows_that_is(url: str, archive: Archive) -> None:
    assert await post(url, b'{"since": "2026-09-01"}', BEARER) == (200, {"rows": 1234})
    assert archive.asked == [date(2026, 9, 1)]


async def test_export_wants_the_key(url: str, archive: Archive) -> None:
    status, problem = await post(url, b'{"since": "2026-09-01"}', {})
    assert (status, archive.asked) == (401, [])
    assert "admin.key" in problem["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"since": "yesterday"}', b'{"since": "2026-09-01", "to": "x"}', b"[1]"],
)
async def test_body_that_is_not_understood_is_named(
    url: str, archive: Archive, body: bytes
) -> None:
    status, problem = await post(url, body, BEARER)
    assert (status, archive.asked) == (400, [])
    assert problem["error"].startswith("Not understood: ")


async def test_without_an_engine_it_says_where_to_name_one(url: str, archive: Archive) -> None:
    archive.engine = False
    status, problem = await post(url, b'{"since": "2026-09-01"}', BEARER)
    assert status == 400
    assert "[export]" in problem["error"]
