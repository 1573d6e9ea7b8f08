"""The way around the router answers what the router would have answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from collector.api.shortcut import shorten


async def _routed(request: web.Request) -> web.Response:
    return web.Response(text=f"routed {request.match_info.route.method}")


async def _short(request: web.Request) -> web.Response:
    return web.Response(text=f"short {len(await request.read())}")


@pytest.fixture
async def url() -> AsyncIterator[str]:
    application = web.Application(client_max_size=1000)
    application.router.add_post("/push", _routed)
    application.router.add_get("/page", _routed)
    runner = web.AppRunner(application)
    await runner.setup()
    assert runner.server is not None
    shorten(runner.server, "/push", _short)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "/push", 200, "short 3"),
        ("POST", "/push?a=b", 200, "routed POST"),
        ("GET", "/push", 405, "405: Method Not Allowed"),
        ("GET", "/page", 200, "routed GET"),
        ("POST", "/elsewhere", 404, "404: Not Found"),
    ],
)
async def test_only_a_post_to_exactly_the_path_goes_around_the_router(
    url: str, method: str, path: str, status: int, words: str
) -> None:
    async with aiohttp.request(method, url + path, data=b"abc") as answer:
        assert (answer.status, await answer.text()) == (status, words)


async def test_the_body_is_still_bounded(url: str) -> None:
    async with aiohttp.request("POST", url + "/push", data=b"x" * 1001) as answer:
        assert answer.status == 413
