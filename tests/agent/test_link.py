from __future__ import annotations

import asyncio
import socket
import threading
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from typing import Any

import pytest

import agent.link
from agent.link import MAX_ANSWER_BYTES, Link, LinkError, UnreachableError
from tests.fakes.raw_server import Handler, RawServer, answering, ok, read_request


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange has little time, so that a test need not wait."""
    monkeypatch.setattr(agent.link, "TIMEOUT", 0.3)


def keeping(requests: list[bytes], answer: bytes) -> Handler:
    async def handle(reader: Reader, writer: Writer) -> None:
        while True:
            requests.append(await read_request(reader))
            writer.write(answer)

    return handle


async def hang_up(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.transport.abort()


async def failure(link: Link) -> UnreachableError:
    with pytest.raises(UnreachableError) as caught:
        await link.post("/v1/push", b"x")
    return caught.value


# What is sent


async def test_post_carries_credential_and_type() -> None:
    requests: list[bytes] = []
    handler = keeping(requests, ok(b"body", "Retry-After: 7"))
    async with (
        RawServer(handler) as server,
        Link(server.url, credential="Bearer a.k", version="1") as link,
    ):
        answer = await link.post("/v1/push", b"small")
    assert (answer.status, answer.body, answer.retry_after) == (200, b"body", "7")
    (request,) = requests
    assert request.startswith(b"POST /v1/push HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\nsmall")
    lines = request.split(b"\r\n")
    for line in (
        f"Host: 127.0.0.1:{server.port}",
        "Authorization: Bearer a.k",
        "Content-Type: application/msgpack",
        "User-Agent: banjun-agent/1",
        "Accept-Encoding: identity",
    ):
        assert line.encode() in lines
    assert b"Content-Encoding" not in request


async def test_large_body_is_compressed() -> None:
    requests: list[bytes] = []
    async with RawServer(keeping(requests, ok())) as server, Link(server.url) as link:
        await link.post("/v1/push", b"x" * 100_000)
    assert b"Content-Encoding: gzip" in requests[0]
    assert len(requests[0]) < 1000


async def test_get_names_what_it_has() -> None:
    requests: list[bytes] = []
    async with RawServer(keeping(requests, ok())) as server, Link(server.url) as link:
        await link.get("/v1/config", etag="r1")
    assert requests[0].startswith(b"GET /v1/config HTTP/1.1\r\n")
    assert b"If-None-Match: r1" in requests[0]


async def test_revision_with_a_line_break_cannot_add_a_field() -> None:
    requests: list[bytes] = []
    async with RawServer(keeping(requests, ok())) as server, Link(server.url) as link:
        with pytest.raises(UnreachableError) as caught:
            await link.get("/v1/config", etag="r1\r\nX-Evil: 1")
    assert requests == []
    assert not caught.value.reached


async def test_address_may_have_a_path_in_front() -> None:
    requests: list[bytes] = []
    async with RawServer(keeping(requests, ok())) as server, Link(f"{server.url}/ban/") as link:
        await link.post("/v1/push", b"x")
    assert requests[0].startswith(b"POST /ban/v1/push ")


async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with RawServer(answering(ok())) as server, Link(server.url) as link:
        assert (await link.post("/v1/push", b"x")).status == 200


# The kept connection


async def test_connection_is_kept_from_push_to_push() -> None:
    async with RawServer(answering(ok(b"1"))) as server, Link(server.url) as link:
        for _ in range(5):
            await link.post("/v1/push", b"x")
    assert server.connections == 1


async def test_connection_that_the_collector_closes_is_not_used_again() -> None:
    closing = ok(b"1", "Connection: close")
    async with RawServer(answering(closing)) as server, Link(server.url) as link:
        for _ in range(3):
            assert (await link.post("/v1/push", b"x")).body == b"1"
    assert server.connections == 3


async def test_connection_that_was_closed_while_idle_is_not_a_failure() -> None:
    async def once(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(ok(b"1"))

    async with RawServer(once) as server, Link(server.url) as link:
        await link.post("/v1/push", b"x")
        await asyncio.sleep(0.05)
        assert (await link.post("/v1/push", b"x")).status == 200


async def test_connection_that_closes_under_the_next_request_is_not_a_failure() -> None:
    async def answer_then_hang_up(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(ok(b"1"))
        await read_request(reader)

    async with RawServer(answer_then_hang_up) as server, Link(server.url) as link:
        for _ in range(3):
            assert (await link.post("/v1/push", b"x")).status == 200
    assert server.connections == 3


async def test_old_connection_is_replaced_before_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.link, "IDLE", 0.0)
    async with RawServer(answering(ok(b"1"))) as server, Link(server.url) as link:
        await link.post("/v1/push", b"x")
        await asyncio.sleep(0.01)
        await link.post("/v1/push", b"x")
    assert server.connections == 2


async def test_one_request_is_in_flight_at_a_time() -> None:
    now = most = 0

    async def count(reader: Reader, writer: Writer) -> None:
        nonlocal now, most
        while True:
            await read_request(reader)
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            writer.write(ok(b"1"))

    async with RawServer(count) as server, Link(server.url) as link:
        await asyncio.gather(*(link.post("/v1/push", b"x") for _ in range(5)))
    assert (most, server.connections) == (1, 1)


# What may come back


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n4;note=x\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
)
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


@pytest.mark.parametrize("pieces", [0, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(
    ("answer", "body", "connections"),
    [
        pytest.param(CHUNKED, b"abcdefg", 1, id="chunked"),
        pytest.param(EARLY + ok(b"after"), b"after", 1, id="after interim answers"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", 1, id="without a body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
            b"to the end",
            2,
            id="to the end",
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", b"old", 2, id="of HTTP/1.0"
        ),
    ],
)
async def test_answer_is_read_whole(
    answer: bytes, body: bytes, connections: int, pieces: int
) -> None:
    async with RawServer(answering(answer, pieces=pieces)) as server, Link(server.url) as link:
        for _ in range(2):
            assert (await link.post("/v1/push", b"x")).body == body
        assert server.connections == connections


async def test_answer_that_comes_before_all_is_sent_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(b"", "Connection: close").replace(b"200 OK", b"503 Busy"))
        await writer.drain()
        await asyncio.sleep(0.2)

    monkeypatch.setattr(agent.link, "GZIP_FROM", 10**9)
    async with RawServer(refuse) as server, Link(server.url) as link:
        assert (await link.post("/v1/push", b"x" * 5_000_000)).status == 503


async def test_redirect_is_not_followed() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(answering(away, ok())) as server, Link(server.url) as link:
        assert (await link.post("/v1/push", b"x")).status == 302


BIG = MAX_ANSWER_BYTES + 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(ok(b"x" * BIG), id="larger than any answer"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + f"{BIG:x}\r\n".encode()
            + b"x" * BIG,
            id="chunk larger than any answer",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * BIG, id="without end"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", id="long field"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", id="many fields"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", id="negative length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk size"
        ),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="another protocol"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: close\r\n\r\nshort", id="cut off"
        ),
    ],
)
async def test_answer_that_is_none_is_refused(answer: bytes, short: None) -> None:
    async with RawServer(answering(answer)) as server, Link(server.url) as link:
        assert (await failure(link)).reached


# Silence, and what was perhaps reached


async def test_collector_that_keeps_hanging_up_was_perhaps_reached() -> None:
    async with RawServer(hang_up) as server, Link(server.url) as link:
        assert (await failure(link)).reached


async def test_nobody_at_the_port_was_surely_not_reached(unused_tcp_port: int) -> None:
    async with Link(f"http://127.0.0.1:{unused_tcp_port}") as link:
        error = await failure(link)
    assert not error.reached
    assert str(unused_tcp_port) in error.text.zh


async def test_silence_has_a_limit(short: None) -> None:
    async def hang(reader: Reader, writer: Writer) -> None:
        await asyncio.sleep(3600)

    async with RawServer(hang) as server, Link(server.url) as link:
        error = await failure(link)
        assert error.reached
        assert "no answer within" in str(error.text.en)


async def test_answer_that_drips_has_the_same_limit(short: None) -> None:
    async def drip(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        for byte in ok(b"x" * 1000):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    async with RawServer(drip) as server, Link(server.url) as link:
        assert "no answer within" in (await failure(link)).text.en


async def test_link_works_again_after_a_failure(short: None) -> None:
    async def hang_once(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        if server.connections == 1:
            await asyncio.sleep(3600)
        writer.write(ok(b"1"))

    async with RawServer(hang_once) as server, Link(server.url) as link:
        await failure(link)
        assert (await link.post("/v1/push", b"x")).status == 200


async def test_name_lookup_that_hangs_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    answered = threading.Event()
    real = socket.getaddrinfo

    def hang(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "localhost":
            return real(host, *args, **kwargs)
        answered.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "no server answered")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    async with Link("http://localhost:9") as link:
        try:
            assert not (await failure(link)).reached
        finally:
            answered.set()


async def test_name_without_an_address_was_surely_not_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    async with Link("http://localhost:9") as link:
        assert not (await failure(link)).reached


async def test_request_that_is_called_off_leaves_nothing_open() -> None:
    come, gone = asyncio.Event(), asyncio.Event()

    async def watch(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        come.set()
        await reader.read()
        gone.set()

    async with RawServer(watch) as server, Link(server.url) as link:
        task = asyncio.create_task(link.post("/v1/push", b"x"))
        await come.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2):
            await gone.wait()


async def test_collector_at_an_ipv6_address_is_reached() -> None:
    try:
        async with RawServer(answering(ok(b"1")), host="::1") as server, Link(server.url) as link:
            assert (await link.post("/v1/push", b"x")).status == 200
    except OSError:
        pytest.skip("needs IPv6 on loopback")


# Which addresses may be used


@pytest.mark.parametrize("url", ["http://10.0.0.1:8470", "http://collector.example.edu.cn"])
def test_key_never_travels_in_clear_text(url: str) -> None:
    with pytest.raises(LinkError, match="https"):
        Link(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    Link(url)
