"""The one module that knows influxdb-client: what it makes of an engine's answers."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from collector.export.engine import (
    Engine,
    EngineRun,
    LinesRefusedError,
    UnavailableError,
    read_metrics,
)
from config.collector_settings import ExportSettings
from tests.fakes.raw_server import RawServer
from tests.lab.daemon import free_port
from tests.lab.victoria import Victoria

pytestmark = pytest.mark.long

LINE = b"verdict,school=S1 verdict_code=1.0 1795395723456"


def answering(status: str, body: str = "", headers: str = "") -> Callable[..., Awaitable[None]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        content = body.encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n"
            f"{headers}\r\n".encode()
            + content
        )
        await writer.drain()

    return handle


def write(url: str, **settings: object) -> None:
    given = {"url": url, "timeout": 2.0, **settings}
    with closing(Engine(ExportSettings(**given))) as engine:  # type: ignore[arg-type]
        engine.write(LINE)


@pytest.mark.parametrize("status", ["400 Bad Request", "413 Too Large", "422 Unprocessable"])
async def test_answer_about_the_lines_is_a_refusal(status: str) -> None:
    async with RawServer(answering(status, '{"message": "unable to parse"}')) as server:
        with pytest.raises(LinesRefusedError, match="unable to parse"):
            await asyncio.to_thread(write, server.url)


async def test_engine_that_took_a_part_says_how_much_it_dropped() -> None:
    said = "partial write: points beyond retention policy dropped=17"
    async with RawServer(answering("422 Unprocessable", said)) as server:
        with pytest.raises(LinesRefusedError) as caught:
            await asyncio.to_thread(write, server.url)
    assert caught.value.dropped == 17


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "500 Oops", "503 Full"])
async def test_any_other_answer_means_later(status: str) -> None:
    async with RawServer(answering(status)) as server:
        with pytest.raises(UnavailableError, match=status[:3]):
            await asyncio.to_thread(write, server.url)


async def test_engine_may_say_when_to_come_again() -> None:
    async with RawServer(answering("429 Slow", headers="Retry-After: 17\r\n")) as server:
        with pytest.raises(UnavailableError) as caught:
            await asyncio.to_thread(write, server.url)
    assert caught.value.retry_after == 17


def test_engine_that_is_not_there_is_named_with_its_url() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match=url):
        write(url)


async def test_engine_that_never_answers_is_given_up() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with RawServer(silence) as server:
        with pytest.raises(UnavailableError, match="does not answer"):
            await asyncio.to_thread(write, server.url, timeout=1.0)


async def test_prefix_bucket_and_token_go_with_each_write(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(len(LINE))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()

    token = tmp_path / "token"
    token.write_text("secret-of-test\n")
    async with RawServer(handle) as server:
        await asyncio.to_thread(
            write, f"{server.url}/insert/0/influx", bucket="county", org="edu",
            token_file=str(token),
        )  # fmt: skip
    (head,) = seen
    assert head.startswith(b"POST /insert/0/influx/api/v2/write?org=edu&bucket=county&precision=ms")
    assert b"Authorization: Token secret-of-test" in head


def test_start_and_dropped_rows_are_read_from_either_engines_metrics() -> None:
    victoria = (
        "vm_app_start_timestamp 1795414973\nprocess_start_time_seconds 1795414970\n"
        'vm_rows_invalid_total{type="influx"} 2\nvm_rows_invalid_total{type="prometheus"} 0\n'
        'vm_rows_ignored_total{reason="small_timestamp"} 3\n'
    )
    influx = "# HELP x\nprocess_start_time_seconds 1.79541497025e+09\n"
    assert read_metrics(victoria) == EngineRun("1795414973.000", 5)
    assert read_metrics(influx) == EngineRun("1795414970.250", 0)


def test_page_that_says_nothing_about_a_start_is_no_run_of_its_own() -> None:
    assert read_metrics("<html>") == EngineRun("", 0)


async def look(status: str) -> EngineRun:
    async with RawServer(answering(status)) as server:
        with closing(Engine(ExportSettings(url=server.url, timeout=2.0))) as engine:
            return await asyncio.to_thread(engine.look)


async def test_engine_that_shows_no_metrics_and_answers_a_ping_is_one() -> None:
    assert await look("204 No Content") == EngineRun()


async def test_server_that_is_no_engine_is_said_to_be_none() -> None:
    with pytest.raises(UnavailableError, match="does not look like an engine"):
        await look("404 Not Found")


@pytest.mark.server
def test_victoria_metrics_answers_takes_and_is_known_again_after_a_start(tmp_path: Path) -> None:
    with (
        Victoria(tmp_path) as victoria,
        closing(Engine(ExportSettings(url=victoria.url))) as engine,
    ):
        first = engine.look()
        engine.write(LINE)
        assert len(victoria.points("verdict_verdict_code")) == 1
        time.sleep(1)  # it counts its start in whole seconds
        victoria.end(signal.SIGKILL)
        with pytest.raises(UnavailableError):
            engine.look()
        victoria.start()
        assert engine.look().id != first.id
