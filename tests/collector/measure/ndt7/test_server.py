"""The protocol against a client of our own: what is refused, how a test runs, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop
from aiohttp import ClientWebSocketResponse, WSMsgType

import collector.measure.ndt7.server as server_module
from collector.measure.ndt7.admission import Limits
from collector.measure.ndt7.protocol import SUBPROTOCOL, Direction, Timing
from collector.measure.ndt7.result import End, Ndt7Result
from collector.tls.folder import TlsFolder
from collector.tls.live import LiveCertificate
from collector.tls.names import checked
from tests.fakes.papers import NOW

from .listening import SHORT, Listening, listening

pytestmark = pytest.mark.long

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": SUBPROTOCOL,
}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def here() -> AsyncIterator[Listening]:
    async with listening() as made:
        yield made


async def connect(http: aiohttp.ClientSession, url: str, **options: Any) -> ClientWebSocketResponse:
    options |= {"protocols": [SUBPROTOCOL], "max_msg_size": 1 << 24, "autoping": False}
    websocket: ClientWebSocketResponse = await http.ws_connect(url, **options)
    return websocket


async def hear(websocket: ClientWebSocketResponse) -> tuple[list[int], list[dict[str, Any]]]:
    """Sizes of the binary messages and all text messages until the server closes; pings pass."""
    sizes, texts = [], []
    async for message in websocket:
        if message.type is WSMsgType.BINARY:
            sizes.append(len(message.data))
        elif message.type is WSMsgType.TEXT:
            texts.append(json.loads(message.data))
        elif message.type is WSMsgType.PING:
            await websocket.pong(message.data)
    return sizes, texts


def raw(port: int, path: str) -> socket.socket:
    """A connection that has shaken hands, and does nothing by itself."""
    opened = socket.create_connection(("127.0.0.1", port), timeout=5)
    lines = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
    opened.sendall(f"GET /ndt/v7/{path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    return opened


@pytest.mark.parametrize(
    "said", [None, "", "net.measurementlab.ndt.v8", f"other, {SUBPROTOCOL}", f"{SUBPROTOCOL} "]
)
async def test_any_other_subprotocol_is_a_bad_request(said: str | None, here: Listening) -> None:
    rest = {k: v for k, v in HANDSHAKE.items() if k != "Sec-WebSocket-Protocol"}
    lines = [f"{k}: {v}" for k, v in rest.items()]
    if said is not None:
        lines.append(f"Sec-WebSocket-Protocol: {said}")
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write("\r\n".join(["GET /ndt/v7/download HTTP/1.1", "Host: x", *lines, "", ""]).encode())
    status = await reader.readline()
    writer.close()
    # blanks around a value are not part of it (RFC 9110, 5.5)
    assert status.split()[1] == (b"101" if said == f"{SUBPROTOCOL} " else b"400")


@pytest.mark.parametrize("query", ["early_exit=100", "a=1&a=2", "x=" + "y" * 4096])
async def test_query_against_the_rules_is_a_bad_request(
    query: str, here: Listening, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{here.url}download?{query}", headers=HANDSHAKE) as response:
        assert response.status == 400


async def test_plain_request_is_a_bad_request_and_takes_no_place(
    here: Listening, http: aiohttp.ClientSession
) -> None:
    only = {"Sec-WebSocket-Protocol": SUBPROTOCOL}
    for _ in range(30):  # more than an address has in an hour
        async with http.get(f"{here.url}upload", headers=only) as response:
            assert response.status == 400
    await (await connect(http, f"{here.url}upload")).close()


async def test_download_grows_is_told_of_and_ends_by_the_servers_close(
    here: Listening, http: aiohttp.ClientSession
) -> None:
    websocket = await connect(http, f"{here.url}download?client_name=me")
    assert websocket.protocol == SUBPROTOCOL
    sizes, texts = await hear(websocket)
    assert websocket.close_code == 1000
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1 << 13, 1 << 20)
    result = await here.result()
    assert (result.direction, result.end) == (Direction.DOWNLOAD, End.DONE)
    assert result.metadata == {"client_name": "me"}
    assert result.seconds == pytest.approx(SHORT.end, abs=0.3)
    last = texts[-1]
    assert (last["Origin"], last["Test"]) == ("server", "download")
    assert last["AppInfo"]["NumBytes"] == sum(sizes) == result.message_bytes
    assert last["TCPInfo"]["BytesAcked"] <= last["TCPInfo"]["BytesSent"]
    assert {text["ConnectionInfo"]["UUID"] for text in texts} == {result.uuid}
    assert last["ConnectionInfo"]["Client"] == result.client


async def test_payload_does_not_compress(here: Listening, http: aiohttp.ClientSession) -> None:
    websocket = await connect(http, f"{here.url}download")
    message = await websocket.receive_bytes()
    assert len({*message[:4096]}) > 200
    await websocket.close()


async def test_rate_is_what_the_socket_carried_whatever_the_client_says(
    here: Listening, http: aiohttp.ClientSession
) -> None:
    websocket = await connect(http, f"{here.url}upload")
    boast = {"AppInfo": {"ElapsedTime": 1, "NumBytes": 10**12}, "Origin": "client"}
    await websocket.send_json(boast)
    for _ in range(20):
        await websocket.send_bytes(os.urandom(1 << 16))
    _, texts = await hear(websocket)
    result = await here.result()
    sent = 20 << 16
    assert result.end is End.DONE
    assert result.message_bytes == sent
    assert result.socket_bytes is not None
    assert sent < result.socket_bytes < sent + 4096
    assert result.bits_per_second == pytest.approx(8 * result.socket_bytes / result.seconds)
    assert sent < texts[-1]["TCPInfo"]["BytesReceived"] < sent + 4096


async def test_early_exit_ends_the_download_after_that_many_bytes(
    http: aiohttp.ClientSession,
) -> None:
    async with listening(timing=Timing(9, 10)) as here:
        before = time.monotonic()
        sizes, _ = await hear(await connect(http, f"{here.url}download?early_exit=250"))
        result = await here.result()
        assert result.end is End.EARLY_EXIT
        assert result.bits_per_second is not None
        assert sum(sizes) == pytest.approx(250e6, rel=0.03)
        assert time.monotonic() - before < 8


async def test_text_comes_at_most_ten_times_a_second_with_a_ping_each(
    http: aiohttp.ClientSession,
) -> None:
    async with listening(timing=Timing(2, 3)) as here:
        websocket = await connect(http, f"{here.url}upload")
        seen = [message.type async for message in websocket]
        texts, pings = seen.count(WSMsgType.TEXT), seen.count(WSMsgType.PING)
        assert 2 <= texts <= 20
        assert pings in {texts - 1, texts}  # the summary has none


@pytest.mark.parametrize("path", ["download", "upload"])
async def test_clients_ping_is_answered(
    path: str, here: Listening, http: aiohttp.ClientSession
) -> None:
    websocket = await connect(http, f"{here.url}{path}")
    await websocket.ping(b"still there?")
    pongs = [m.data async for m in websocket if m.type is WSMsgType.PONG]
    assert pongs == [b"still there?"]


@pytest.mark.parametrize("path", ["download", "upload"])
async def test_client_that_closes_early_has_no_rate(path: str, http: aiohttp.ClientSession) -> None:
    async with listening(timing=Timing(9, 10)) as here:  # the first text may come after 0.6 s
        websocket = await connect(http, f"{here.url}{path}")
        await websocket.receive()
        await websocket.close()
        result = await here.result()
        assert (result.end, result.bits_per_second) == (End.CLIENT_LEFT, None)
        assert here.server.running == 0


async def test_client_that_closes_on_time_by_its_own_clock_has_made_a_whole_test(
    here: Listening, http: aiohttp.ClientSession
) -> None:
    websocket = await connect(http, f"{here.url}upload")
    await asyncio.sleep(0.93 * SHORT.end)
    await websocket.close()
    assert (await here.result()).is_whole


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_connection_that_breaks_is_a_client_that_left(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def break_off() -> Ndt7Result:
        async with listening() as here:
            with raw(here.port, "download") as opened:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await asyncio.sleep(0.2)
            return await here.result()

    with asyncio.Runner(loop_factory=loop) as runner:
        result = runner.run(break_off())
    assert (result.end, result.tcp is None) == (End.CLIENT_LEFT, False)


async def test_binary_message_in_a_download_closes_it(
    here: Listening, http: aiohttp.ClientSession
) -> None:
    websocket = await connect(http, f"{here.url}download")
    await websocket.send_bytes(b"wrong way")
    await hear(websocket)
    assert websocket.close_code == 1003
    assert (await here.result()).end is End.CLIENT_WRONG


async def test_upload_takes_the_largest_message_of_the_protocol_and_none_larger(
    here: Listening, http: aiohttp.ClientSession
) -> None:
    websocket = await connect(http, f"{here.url}upload")
    await websocket.send_bytes(bytes(1 << 24))
    await hear(websocket)
    result = await here.result()
    assert (result.end, result.message_bytes) == (End.DONE, 1 << 24)
    with raw(here.port, "upload") as opened:
        opened.sendall(struct.pack("!BBQ4x", 0x82, 0xFF, (1 << 24) + 1))
        assert (await here.result()).end is End.CLIENT_WRONG


async def test_client_that_stalls_is_cut_at_the_hard_stop(here: Listening) -> None:
    with raw(here.port, "download"):
        before = time.monotonic()
        result = await here.result()
        assert (result.end, result.bits_per_second) == (End.CUT, None)
        assert time.monotonic() - before == pytest.approx(SHORT.hard_stop, abs=0.4)


async def test_client_that_never_answers_the_close_is_cut_with_its_test_whole(
    here: Listening,
) -> None:
    with raw(here.port, "upload") as opened:
        before = time.monotonic()
        assert (await here.result()).end is End.DONE
        assert time.monotonic() - before == pytest.approx(SHORT.hard_stop, abs=0.4)
        with suppress(ConnectionResetError):  # the end may come either way; a time-out fails
            while opened.recv(4096):
                pass


async def test_connection_without_a_handshake_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HANDSHAKE_SECONDS", 0.2)
    async with listening() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(b"GET /ndt/v7/download HT")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(2):
                await reader.readexactly(1)
        writer.close()


async def test_full_server_says_when_to_come_again(http: aiohttp.ClientSession) -> None:
    async with listening(Limits(tests=1)) as here:
        websocket = await connect(http, f"{here.url}upload")
        async with http.get(f"{here.url}upload", headers=HANDSHAKE) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
        await websocket.close()


async def test_address_that_has_had_its_share_is_told_so(http: aiohttp.ClientSession) -> None:
    async with listening(Limits(address_tests=1)) as here:
        websocket = await connect(http, f"{here.url}upload")
        async with http.get(f"{here.url}upload", headers=HANDSHAKE) as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) > 0
        await websocket.close()


async def test_server_that_stops_ends_its_tests(http: aiohttp.ClientSession) -> None:
    async with listening(timing=Timing(9, 10)) as here:
        websocket = await connect(http, f"{here.url}upload")
        await websocket.receive()
        await here.server.close()
        assert (await here.result()).end is End.STOPPED
        await websocket.close()


async def test_tls_is_served_by_the_collectors_live_certificate(tmp_path: Path) -> None:
    folder = TlsFolder(tmp_path)
    folder.make(checked(["127.0.0.1"]), NOW)
    live = LiveCertificate(folder.server, folder.server, now=lambda: NOW)
    trust = ssl.create_default_context(cafile=folder.authority)
    async with listening(context=live.context) as here, aiohttp.ClientSession() as http:
        sizes, _ = await hear(await connect(http, f"{here.url}download", ssl=trust))
        result = await here.result()
        assert result.secure
        assert result.socket_bytes is not None
        assert result.socket_bytes > 0.5 * sum(sizes)
