"""The only place where the agent speaks HTTP, and only to its collector.

Plain HTTP is for a collector on this same machine; anything else is TLS.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import aiohttp

from config.loopback import is_loopback
from probes.text import BanjunError, Text
from probes.wire import MSGPACK

if TYPE_CHECKING:
    import ssl

MAX_ANSWER_BYTES = 256 * 1024
TIMEOUT = 30.0
"""Seconds for a whole exchange; a collector that takes longer is as good as silent."""
IDLE = 100.0
"""Seconds that a connection is kept for the next push."""
GZIP_FROM = 1024
"""Bytes below which compression costs more than it saves."""


class LinkError(BanjunError):
    """The collector's address, or the trust in it, is not usable."""


class UnreachableError(BanjunError):
    """No answer came. `reached`: the request may have arrived, and may have been acted on."""

    def __init__(self, text: Text, *, reached: bool) -> None:
        super().__init__(text)
        self.reached = reached


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the collector, or of whatever stands in its place."""

    status: int
    body: bytes = b""
    retry_after: str = ""


class Link:
    """A kept connection to one collector; use it in `async with`."""

    def __init__(
        self, url: str, *, credential: str = "", version: str = "", ca_file: Path | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {
            "User-Agent": f"banjun-agent/{version}",
            "Accept": MSGPACK,
            "Accept-Encoding": "identity",
        }
        if credential:
            self._headers["Authorization"] = credential
        self._tls = _tls_or_none(url, ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=2, keepalive_timeout=IDLE, ssl=True if self._tls is None else self._tls
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def post(self, path: str, body: bytes) -> Answer:
        """Raises UnreachableError."""
        headers = {"Content-Type": MSGPACK}
        if len(body) > GZIP_FROM:
            body = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return await self._exchange("POST", path, headers, body)

    async def get(self, path: str, *, etag: str = "") -> Answer:
        """Raises UnreachableError."""
        return await self._exchange("GET", path, {"If-None-Match": etag} if etag else {}, None)

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        try:
            async with asyncio.timeout(TIMEOUT):
                try:
                    return await self._once(method, path, headers, body)
                except aiohttp.ServerDisconnectedError:
                    # A kept connection that the collector closed meanwhile is not a failure, and
                    # everything that this protocol sends may be sent twice.
                    return await self._once(method, path, headers, body)
        except TimeoutError as exc:
            raise _unreachable(f"no answer within {TIMEOUT:.0f} s", reached=True) from exc
        except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError) as exc:
            raise _unreachable(str(exc), reached=False) from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise _unreachable(str(exc) or type(exc).__name__, reached=True) from exc

    async def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        assert self._session is not None
        async with self._session.request(
            method, self._url + path, data=body, headers=headers, allow_redirects=False
        ) as response:
            content = bytearray()
            async for chunk in response.content.iter_chunked(65_536):
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise _unreachable("the answer is larger than any answer may be", reached=True)
            return Answer(response.status, bytes(content), response.headers.get("Retry-After", ""))


def _unreachable(why: str, *, reached: bool) -> UnreachableError:
    return UnreachableError(
        Text(f"没有得到采集器的应答：{why}。", f"The collector did not answer: {why}."),
        reached=reached,
    )


def _tls_or_none(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """None for plain HTTP on loopback. Raises LinkError."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        if not is_loopback(parts.hostname or ""):
            raise LinkError(
                Text(
                    f"采集器地址 {url} 不是本机，必须使用 https，否则密钥会以明文传输。",
                    f"The collector at {url} is another machine, so its address must be https; "
                    "the key would travel in clear text.",
                )
            )
        return None
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise LinkError(
            Text(f"证书机构文件 {ca_file} 不可用：{exc}。", f"Cannot use {ca_file}: {exc}.")
        ) from exc
