from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

import agent.link
from agent.link import MAX_ANSWER_BYTES, Link, LinkError, UnreachableError

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(*handlers: Handler) -> AsyncIterator[str]:
    """A server that uses one handler per request, and the last one from then on."""
    left = list(handlers)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        handler = left.pop(0) if len(left) > 1 else left[0]
        return await handler(request)

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    names = ("Authorization", "Content-Type", "Content-Encoding", "User-Agent", "If-None-Match")
    said = "|".join(request.headers.get(name, "-") for name in names)
    return web.Response(text=f"{said}|{request.content_length}", headers={"Retry-After": "7"})


async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def flood(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=b"x" * (MAX_ANSWER_BYTES + 1))


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


async def redirect(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/elsewhere"})


async def test_post_carries_credential_and_type() -> None:
    async with serving(echo) as url, Link(url, credential="Bearer a.k", version="1") as link:
        answer = await link.post("/v1/push", b"small")
    said = b"Bearer a.k|application/msgpack|-|banjun-agent/1|-|5"
    assert (answer.status, answer.body, answer.retry_after) == (200, said, "7")


async def test_large_body_is_compressed() -> None:
    async with serving(echo) as url, Link(url) as link:
        answer = await link.post("/v1/push", b"x" * 100_000)
    fields = answer.body.split(b"|")
    assert fields[2] == b"gzip"
    assert int(fields[5]) < 1000


async def test_get_names_what_it_has() -> None:
    async with serving(echo) as url, Link(url) as link:
        assert (await link.get("/v1/config", etag="r1")).body.split(b"|")[4] == b"r1"


async def test_connection_that_was_closed_while_idle_is_not_a_failure() -> None:
    async with serving(hang_up, echo) as url, Link(url) as link:
        assert (await link.post("/v1/push", b"x")).status == 200


async def test_collector_that_keeps_hanging_up_was_perhaps_reached() -> None:
    async with serving(hang_up) as url, Link(url) as link:
        with pytest.raises(UnreachableError) as caught:
            await link.post("/v1/push", b"x")
    assert caught.value.reached


async def test_nobody_at_the_port_was_surely_not_reached(unused_tcp_port: int) -> None:
    async with Link(f"http://127.0.0.1:{unused_tcp_port}") as link:
        with pytest.raises(UnreachableError) as caught:
            await link.post("/v1/push", b"x")
    assert not caught.value.reached


async def test_answer_without_end_is_cut_off() -> None:
    async with serving(flood) as url, Link(url) as link:
        with pytest.raises(UnreachableError, match="larger"):
            await link.post("/v1/push", b"x")


async def test_silence_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.link, "TIMEOUT", 0.05)
    async with serving(hang) as url, Link(url) as link:
        with pytest.raises(UnreachableError, match="no answer within") as caught:
            await link.post("/v1/push", b"x")
    assert caught.value.reached


async def test_redirect_is_not_followed() -> None:
    async with serving(redirect, echo) as url, Link(url) as link:
        assert (await link.post("/v1/push", b"x")).status == 302


@pytest.mark.parametrize("url", ["http://10.0.0.1:8470", "http://collector.example.edu.cn"])
def test_key_never_travels_in_clear_text(url: str) -> None:
    with pytest.raises(LinkError, match="https"):
        Link(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    Link(url)
